import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { factLimitsFor } from '@tidewaiter/analyzers';
import { LimitExceeded } from '@tidewaiter/domain';
import { fairJobsAtOnce } from '@tidewaiter/queue';
import { LayerProcesses, type PackedLayer, processLimits } from '@tidewaiter/sandbox';
import type { PlacedLayer } from '@tidewaiter/store';

import { Analysis } from '../analysis.js';
import { ScannerConfig } from '../config.js';
import { Registries } from '../registries.js';
import { ScannerMetrics } from '../scanner-metrics.js';

/** Reads layers from registries, in processes of their own. */
@Injectable()
export class LayerReading implements OnApplicationShutdown {
  readonly #processes: LayerProcesses;
  readonly #maxLayerSeconds: number;

  constructor(
    private readonly registries: Registries,
    private readonly analysis: Analysis,
    { layerConcurrency, maxLayerSeconds }: ScannerConfig,
    private readonly metrics: ScannerMetrics,
  ) {
    // One more, for the layers that a reevaluation reads again beside those of pushes.
    const processes = fairJobsAtOnce(layerConcurrency) + 1;
    this.#processes = new LayerProcesses(processes, { ...processLimits, ...analysis.limits.process });
    this.#maxLayerSeconds = maxLayerSeconds;
  }

  /**
   * Reads a layer from its repository, or from a mirror of its registry.
   * @throws LimitExceeded `maxLayerSeconds`: a registry that sends a byte now and then would block
   * a worker forever
   */
  async read(layer: PlacedLayer, mediaType: string, signal: AbortSignal): Promise<PackedLayer> {
    const late = AbortSignal.timeout(this.#maxLayerSeconds * 1_000);
    try {
      return await this.#read(layer, mediaType, AbortSignal.any([signal, late]));
    } catch (thrown) {
      const isLate = late.aborted && !signal.aborted;
      const reason = `layer not read within ${this.#maxLayerSeconds} s`;
      const error = isLate ? new LimitExceeded('maxLayerSeconds', reason) : thrown;
      if (error instanceof LimitExceeded) this.metrics.limitHits.inc({ limit: error.limit });
      throw error;
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#processes.close();
  }

  async #read(
    { claim, place: { connection, repository } }: PlacedLayer,
    mediaType: string,
    signal: AbortSignal,
  ): Promise<PackedLayer> {
    const client = this.registries.client(connection);
    const blob = { digest: claim.blobDigest, size: claim.sizeBytes };
    const { options, limits } = this.analysis;
    const factLimits = factLimitsFor(claim.sizeBytes, limits.facts);
    const layerOptions = { mediaType, expectedDiffId: claim.diffId, limits: limits.layer, ...options, factLimits };
    const analyze = (open: () => AsyncIterable<Uint8Array>) => this.#processes.analyze(open, layerOptions, signal);
    try {
      return await analyze(() => client.blob(repository, blob, signal));
    } catch (error) {
      // An image must not be evaluated by the content of a failing mirror.
      if (!client.hasMirrors || signal.aborted) throw error;
      return analyze(() => client.blobOfOrigin(repository, blob, signal));
    }
  }
}
