import { Injectable } from '@nestjs/common';
import { type LayerClaim, NotYet } from '@tidewaiter/domain';
import type { JobHandler, JobProblem } from '@tidewaiter/queue';
import { Logger, failpoint } from '@tidewaiter/runtime';
import { type ClaimedJob, Images, type PlacedLayer, readLayerKey } from '@tidewaiter/store';

import { ScannerConfig } from '../config.js';
import { failureOf, isRefusal } from '../failure.js';
import { LayerReading } from './layer-reading.js';
import { LayerTransitions } from './layer-transitions.js';

/**
 * Time that a job leaves its layer to another repository's job before it reads from its own: what a
 * good registry takes for it, so that a slow source delays no other image for longer.
 */
const patienceMs = 2_000;
const usualBytesPerSecond = 16 * 1024 * 1024;
const maxPatienceMs = 30_000;
const lookAgainMs = 500;
/**
 * Margin after the layer's own time limit, so that this limit ends the read and not that of the
 * job.
 */
const afterLimitMs = 60_000;

/**
 * Reads one layer for the whole fleet and resumes the pushes that wait for it. A layer that cannot
 * be read becomes a finding of the images of its repository. The key of the job names the blob and
 * its repository.
 */
@Injectable()
export class AnalyzeLayer implements JobHandler<ClaimedJob> {
  readonly queue = 'layer';
  readonly retryDelaysMs = [500, 2_000, 10_000, 30_000, 120_000, 600_000];
  readonly timeoutMs: number;
  readonly isFair = true;
  readonly concurrency: number;

  constructor(
    private readonly steps: LayerTransitions,
    private readonly images: Images,
    private readonly reading: LayerReading,
    private readonly logger: Logger,
    config: ScannerConfig,
  ) {
    this.concurrency = config.layerConcurrency;
    this.timeoutMs = config.maxLayerSeconds * 1_000 + afterLimitMs;
  }

  async handle(job: ClaimedJob, signal: AbortSignal): Promise<void | 'idle'> {
    const layer = readLayerKey(job.key);
    if (await this.steps.isRead(layer.claim)) return this.#leave(job, layer);
    // Enqueued again while the attempt ran that failed: the waiting pushes continue without it.
    if (await this.steps.hasJustFailed(job, layer)) return this.#leave(job, layer);
    const mediaType = await this.images.mediaTypeIn(layer.place, layer.claim);
    // Keys of older versions name no repository; the waiting pushes enqueue the layer again.
    if (mediaType === null) return this.#leave(job, layer);
    const isPatient = job.ageMs < patienceFor(layer.claim);
    if (isPatient && (await this.steps.isReadElsewhere(job, layer.claim)))
      throw new NotYet('LAYER_IN_HAND', 'the layer is being read from another repository', {
        retryAfterMs: lookAgainMs,
      });
    return this.#read(job, layer, mediaType, signal);
  }

  async giveUp(job: ClaimedJob, { code, reason }: JobProblem): Promise<void> {
    await this.steps.giveUp(job, readLayerKey(job.key), { code, limit: null, reason });
  }

  async #leave(job: ClaimedJob, layer: PlacedLayer): Promise<'idle'> {
    await this.steps.done(job, layer);
    return 'idle';
  }

  async #read(job: ClaimedJob, layer: PlacedLayer, mediaType: string, signal: AbortSignal): Promise<void | 'idle'> {
    const started = performance.now();
    try {
      const content = await this.reading.read(layer, mediaType, signal);
      failpoint('layer.read');
      await this.steps.keep(job, layer, content);
      const fields = { diff_id: content.diffId, bytes: content.uncompressedBytes, entries: content.entryCount };
      this.logger.info({ ...fields, duration_ms: Math.round(performance.now() - started) }, 'layer analysis done');
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const failure = failureOf(error);
      await this.steps.refuse(job, layer, failure);
      this.logger.warn({ key: job.key, code: failure.code, limit: failure.limit }, 'layer analysis failed');
      return 'idle';
    }
  }
}

function patienceFor({ sizeBytes }: LayerClaim): number {
  return Math.min(patienceMs + (sizeBytes / usualBytesPerSecond) * 1_000, maxPatienceMs);
}
