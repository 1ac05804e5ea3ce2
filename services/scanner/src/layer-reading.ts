import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { LayerClaim } from '@tidewaiter/domain';
import { LayerThreads, type PackedLayer } from '@tidewaiter/sandbox';
import type { BlobPlace } from '@tidewaiter/store';

import { Analysis } from './analysis.js';
import { isRefusal } from './failure.js';
import { Registries } from './registries.js';
import { ScannerLimits } from './scanner-limits.js';

/** Reads layers from registries, in threads of their own. */
@Injectable()
export class LayerReading implements OnApplicationShutdown {
  readonly #threads: LayerThreads;

  constructor(
    private readonly registries: Registries,
    private readonly analysis: Analysis,
    { layers }: ScannerLimits,
  ) {
    this.#threads = new LayerThreads(layers);
  }

  /**
   * Reads a layer from the first place that has it. A repository that names a layer which it does not have, or which we may not
   * pull from, must not fail those who share that layer.
   */
  async read(claim: LayerClaim, places: readonly BlobPlace[], signal: AbortSignal): Promise<PackedLayer> {
    let failure: unknown;
    for (const place of places) {
      try {
        return await this.#readFrom(claim, place, signal);
      } catch (error) {
        if (signal.aborted) throw error;
        // One that may work later outweighs one that never will.
        if (failure === undefined || isRefusal(failure)) failure = error;
      }
    }
    throw failure;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#threads.close();
  }

  async #readFrom(
    claim: LayerClaim,
    { connection, repository, mediaType }: BlobPlace,
    signal: AbortSignal,
  ): Promise<PackedLayer> {
    const client = this.registries.client(connection);
    const blob = { digest: claim.blobDigest, size: claim.sizeBytes };
    const options = { mediaType, expectedDiffId: claim.diffId, ...this.analysis.options };
    const analyze = (open: () => AsyncIterable<Uint8Array>) => this.#threads.analyze(open, options, signal);
    try {
      return await analyze(() => client.blob(repository, blob, signal));
    } catch (error) {
      // Nothing is said of an image because of what a mirror gave.
      if (!client.hasMirrors || signal.aborted) throw error;
      return analyze(() => client.blobOfOrigin(repository, blob, signal));
    }
  }
}
