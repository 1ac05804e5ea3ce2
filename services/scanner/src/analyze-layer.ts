import { Injectable } from '@nestjs/common';
import type { JobHandler, JobProblem } from '@tidewaiter/queue';
import { Logger } from '@tidewaiter/runtime';
import { type ClaimedJob, Images } from '@tidewaiter/store';

import { isRefusal } from './failure.js';
import { readLayerKey } from './layer-key.js';
import { LayerReading } from './layer-reading.js';
import { LayerSteps } from './layer-steps.js';
import { ScannerLimits } from './scanner-limits.js';

/** Reads one layer for the whole fleet; whoever waits for it goes on from there. The key of the job says which blob it is. */
@Injectable()
export class AnalyzeLayer implements JobHandler<ClaimedJob> {
  readonly queue = 'layer';
  readonly retryDelaysMs = [500, 2_000, 10_000, 30_000, 120_000, 600_000];
  /** A registry that sends a byte now and then would hold a worker for ever. */
  readonly timeoutMs = 15 * 60_000;
  readonly concurrency: number;

  constructor(
    private readonly steps: LayerSteps,
    private readonly images: Images,
    private readonly reading: LayerReading,
    private readonly logger: Logger,
    limits: ScannerLimits,
  ) {
    this.concurrency = limits.layers;
  }

  async handle(job: ClaimedJob, signal: AbortSignal): Promise<void> {
    const claim = readLayerKey(job.key);
    const places = await this.images.placesOf(claim);
    // Whoever waited has come to an end without it.
    if (places.length === 0) return this.steps.done(job);
    const started = performance.now();
    try {
      const content = await this.reading.read(claim, places, signal);
      await this.steps.keep(job, claim, content);
      const fields = { diff_id: claim.diffId, bytes: content.uncompressedBytes, entries: content.entryCount };
      this.logger.info({ ...fields, duration_ms: Math.round(performance.now() - started) }, 'layer done');
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await this.steps.refuse(job, claim, error.code, error.message);
    }
  }

  async giveUp(job: ClaimedJob, problem: JobProblem): Promise<void> {
    await this.steps.giveUp(job, readLayerKey(job.key), problem);
  }
}
