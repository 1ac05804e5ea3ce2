import { Injectable } from '@nestjs/common';
import { Images, type Push, Store } from '@tidewaiter/store';

import { Analysis } from './analysis.js';
import { LayerReading } from './layer-reading.js';

/** Reads again the layers of a push that an older version of the analyzers has read. */
@Injectable()
export class LayerRefresh {
  constructor(
    private readonly store: Store,
    private readonly images: Images,
    private readonly reading: LayerReading,
    private readonly analysis: Analysis,
  ) {}

  /** One layer at a time, so that those of pushes find a thread. */
  async refresh({ id }: Push, signal: AbortSignal): Promise<number> {
    const unread = await this.store.transaction((tx) => this.images.unreadLayers(tx, id, this.analysis.version));
    for (const claim of unread) {
      const places = await this.images.placesOf(claim, 'analyzed');
      const { diffId: _, ...read } = await this.reading.read(claim, places, signal);
      const result = { ...read, facts: Buffer.from(read.facts), entries: Buffer.from(read.entries) };
      await this.store.transaction((tx) => this.images.layerAnalyzed(tx, claim, this.analysis.version, result));
    }
    return unread.length;
  }
}
