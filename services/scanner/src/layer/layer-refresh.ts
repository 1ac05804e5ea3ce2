import { Injectable } from '@nestjs/common';
import { Images, LayerFailures, type Push, Store, type PlacedLayer } from '@tidewaiter/store';

import { Analysis } from '../analysis.js';
import { failureOf } from '../failure.js';
import { LayerReading } from './layer-reading.js';
import { LayerTransitions } from './layer-transitions.js';

/**
 * Reads the layers of a push again that an older version of the analyzers read, or that could not
 * be read before.
 */
@Injectable()
export class LayerRefresh {
  constructor(
    private readonly store: Store,
    private readonly images: Images,
    private readonly failures: LayerFailures,
    private readonly steps: LayerTransitions,
    private readonly reading: LayerReading,
    private readonly analysis: Analysis,
  ) {}

  /** Reads one layer at a time, so that layers of new pushes find a free thread. */
  async refresh(push: Push, signal: AbortSignal): Promise<void> {
    const layers = await this.store.transaction((tx) => this.failures.refreshable(tx, push.id, this.analysis.reader));
    for (const { hasFailed, ...claim } of layers) {
      const layer = { claim, place: { connection: push.connection, repository: push.repository } };
      // A layer that was read before keeps the push at its old verdict until it can be read again.
      await (hasFailed ? this.#retry(layer, signal) : this.#read(layer, signal));
    }
  }

  async #retry(layer: PlacedLayer, signal: AbortSignal): Promise<void> {
    try {
      await this.#read(layer, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      await this.steps.failedAgain(layer, failureOf(error));
    }
  }

  async #read(layer: PlacedLayer, signal: AbortSignal): Promise<void> {
    const mediaType = (await this.images.mediaTypeIn(layer.place, layer.claim)) ?? '';
    await this.steps.keepRead(layer.claim, await this.reading.read(layer, mediaType, signal));
  }
}
