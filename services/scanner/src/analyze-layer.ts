import { Injectable } from '@nestjs/common';
import { wanted } from '@tidewaiter/analyzers';
import { type LayerContent, readLayerFollowingLinks } from '@tidewaiter/oci';
import type { JobHandler, JobProblem } from '@tidewaiter/queue';
import { Logger } from '@tidewaiter/runtime';
import { type ClaimedJob, Images, type LayerSource } from '@tidewaiter/store';

import { isRefusal } from './failure.js';
import { LayerSteps } from './layer-steps.js';
import { Registries } from './registries.js';
import { ScannerLimits } from './scanner-limits.js';

/** Reads one layer for the whole fleet; whoever waits for it goes on from there. The key of the job is the diffID. */
@Injectable()
export class AnalyzeLayer implements JobHandler<ClaimedJob> {
  readonly queue = 'layer';
  readonly retryDelaysMs = [500, 2_000, 10_000, 30_000, 120_000, 600_000];
  readonly concurrency: number;

  constructor(
    private readonly steps: LayerSteps,
    private readonly images: Images,
    private readonly registries: Registries,
    private readonly logger: Logger,
    limits: ScannerLimits,
  ) {
    this.concurrency = limits.layers;
  }

  async handle(job: ClaimedJob, signal: AbortSignal): Promise<void> {
    const source = await this.images.layerSource(job.key);
    if (!source) return this.steps.done(job);
    const started = performance.now();
    try {
      const content = await this.#read(source, signal);
      await this.steps.keep(job, content);
      const fields = { diff_id: source.diffId, bytes: content.uncompressedBytes, entries: content.entries.length };
      this.logger.info({ ...fields, duration_ms: Math.round(performance.now() - started) }, 'layer done');
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await this.steps.refuse(job, error.code, error.message);
    }
  }

  async giveUp(job: ClaimedJob, problem: JobProblem): Promise<void> {
    await this.steps.giveUp(job, problem);
  }

  async #read(source: LayerSource, signal: AbortSignal): Promise<LayerContent> {
    const { diffId, repository, blobDigest, sizeBytes, mediaType } = source;
    const client = this.registries.client(source.connection);
    return readLayerFollowingLinks(() => client.blob(repository, { digest: blobDigest, size: sizeBytes }, signal), {
      mediaType,
      expectedDiffId: diffId,
      wants: wanted,
    });
  }
}
