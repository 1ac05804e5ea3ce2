import { Injectable } from '@nestjs/common';
import { analyzeLayer, analyzersVersion } from '@tidewaiter/analyzers';
import type { Digest } from '@tidewaiter/domain';
import { encodeEntries, type LayerContent } from '@tidewaiter/oci';
import type { JobProblem } from '@tidewaiter/queue';
import { type ClaimedJob, Images, Jobs, Pushes, Store, type Transaction } from '@tidewaiter/store';

import { PushFailures } from './push-failures.js';

/** The transactions that move a layer, and with it the pushes that wait for it. */
@Injectable()
export class LayerSteps {
  constructor(
    private readonly store: Store,
    private readonly jobs: Jobs,
    private readonly images: Images,
    private readonly pushes: Pushes,
    private readonly failures: PushFailures,
  ) {}

  async done(job: ClaimedJob): Promise<void> {
    await this.store.transaction((tx) => this.jobs.finish(tx, job));
  }

  async keep(job: ClaimedJob, content: LayerContent): Promise<void> {
    const result = {
      facts: analyzeLayer(content),
      entries: encodeEntries(content.entries),
      entryCount: content.entries.length,
      uncompressedBytes: content.uncompressedBytes,
    };
    await this.store.transaction(async (tx) => {
      await this.images.layerAnalyzed(tx, job.key, analyzersVersion, result);
      await this.#wakePushes(tx, job.key);
      await this.jobs.finish(tx, job);
    });
  }

  /** Notes that the layer cannot be read; the pushes that wait for it will be refused. */
  async refuse(job: ClaimedJob, code: string, reason: string): Promise<void> {
    await this.store.transaction(async (tx) => {
      await this.images.layerFailed(tx, job.key, analyzersVersion, code, reason);
      await this.#wakePushes(tx, job.key);
      await this.jobs.finish(tx, job);
    });
  }

  async giveUp(job: ClaimedJob, { code, reason }: JobProblem): Promise<void> {
    await this.store.transaction(async (tx) => {
      await this.jobs.failIn(tx, job, { code, reason, retryInMs: null });
      for (const id of await this.pushes.waitingFor(tx, job.key)) {
        await this.failures.end(tx, id, 'dead-lettered', code, reason);
      }
    });
  }

  /** Queues the pushes that waited for this layer last. They are held meanwhile, so two last layers cannot miss each other. */
  async #wakePushes(tx: Transaction, diffId: Digest): Promise<void> {
    for (const id of await this.pushes.waitingFor(tx, diffId)) {
      const unread = await this.images.unreadLayers(tx, id, analyzersVersion);
      const isReady = unread.every(({ state }) => state !== 'pending');
      if (isReady) await tx.enqueue({ queue: 'push', key: id, class: 'interactive' });
    }
  }
}
