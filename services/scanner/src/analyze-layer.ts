import { Injectable } from '@nestjs/common';
import { wanted } from '@tidewaiter/analyzers';
import type { LayerClaim } from '@tidewaiter/domain';
import { type LayerContent, readLayerFollowingLinks } from '@tidewaiter/oci';
import type { JobHandler, JobProblem } from '@tidewaiter/queue';
import { Logger } from '@tidewaiter/runtime';
import { type BlobPlace, type ClaimedJob, Images } from '@tidewaiter/store';

import { isRefusal } from './failure.js';
import { readLayerKey } from './layer-key.js';
import { LayerSteps } from './layer-steps.js';
import { Registries } from './registries.js';
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
    private readonly registries: Registries,
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
      const content = await this.#readFromAny(claim, places, signal);
      await this.steps.keep(job, claim, content);
      const fields = { diff_id: claim.diffId, bytes: content.uncompressedBytes, entries: content.entries.length };
      this.logger.info({ ...fields, duration_ms: Math.round(performance.now() - started) }, 'layer done');
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await this.steps.refuse(job, claim, error.code, error.message);
    }
  }

  async giveUp(job: ClaimedJob, problem: JobProblem): Promise<void> {
    await this.steps.giveUp(job, readLayerKey(job.key), problem);
  }

  /**
   * Reads the layer from the first place that has it. A repository that names a layer which it does not have, or which we may not
   * pull from, must not fail those who share that layer.
   */
  async #readFromAny(claim: LayerClaim, places: readonly BlobPlace[], signal: AbortSignal): Promise<LayerContent> {
    let failure: unknown;
    for (const place of places) {
      try {
        return await this.#read(claim, place, signal);
      } catch (error) {
        // One that may work later outweighs one that never will.
        if (failure === undefined || isRefusal(failure)) failure = error;
      }
    }
    throw failure;
  }

  async #read(
    claim: LayerClaim,
    { connection, repository, mediaType }: BlobPlace,
    signal: AbortSignal,
  ): Promise<LayerContent> {
    const client = this.registries.client(connection);
    const blob = { digest: claim.blobDigest, size: claim.sizeBytes };
    return readLayerFollowingLinks(() => client.blob(repository, blob, signal), {
      mediaType,
      expectedDiffId: claim.diffId,
      wants: wanted,
    });
  }
}
