import { Injectable } from '@nestjs/common';
import type { LayerClaim } from '@tidewaiter/domain';
import type { JobProblem } from '@tidewaiter/queue';
import type { PackedLayer } from '@tidewaiter/sandbox';
import { type ClaimedJob, Images, Jobs, Pushes, Store, type Transaction } from '@tidewaiter/store';

import { Analysis } from './analysis.js';
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
    private readonly analysis: Analysis,
  ) {}

  async done(job: ClaimedJob): Promise<void> {
    await this.store.transaction((tx) => this.jobs.finish(tx, job));
  }

  async keep(job: ClaimedJob, claim: LayerClaim, { diffId: _, ...layer }: PackedLayer): Promise<void> {
    const result = { ...layer, facts: Buffer.from(layer.facts), entries: Buffer.from(layer.entries) };
    // Committed before the pushes are looked for: whoever looked for the layer earlier waits by now, and whoever does so later finds it.
    await this.store.transaction((tx) => this.images.layerAnalyzed(tx, claim, this.analysis.version, result));
    await this.store.transaction(async (tx) => {
      await this.#wakePushes(tx, claim);
      await this.jobs.finish(tx, job);
    });
  }

  /** Ends the pushes that wait for a layer that cannot be read. Nothing is kept of it: another image may name a good blob. */
  async refuse(job: ClaimedJob, claim: LayerClaim, code: string, reason: string): Promise<void> {
    await this.store.transaction(async (tx) => {
      await this.#endPushes(tx, claim, 'refused', code, `layer ${claim.diffId}: ${reason}`);
      await this.jobs.finish(tx, job);
    });
  }

  async giveUp(job: ClaimedJob, claim: LayerClaim, { code, reason }: JobProblem): Promise<void> {
    await this.store.transaction(async (tx) => {
      await this.jobs.failIn(tx, job, { code, reason, retryInMs: null });
      await this.#endPushes(tx, claim, 'dead-lettered', code, reason);
    });
  }

  async #endPushes(
    tx: Transaction,
    claim: LayerClaim,
    outcome: 'refused' | 'dead-lettered',
    code: string,
    reason: string,
  ): Promise<void> {
    for (const id of await this.pushes.waitingFor(tx, claim)) await this.failures.end(tx, id, outcome, code, reason);
  }

  /** Queues the pushes that waited for this layer last. They are held meanwhile, so two last layers cannot miss each other. */
  async #wakePushes(tx: Transaction, claim: LayerClaim): Promise<void> {
    for (const id of await this.pushes.waitingFor(tx, claim)) {
      const unread = await this.images.unreadLayers(tx, id, this.analysis.version);
      if (unread.length === 0) await tx.enqueue({ queue: 'push', key: id, class: 'interactive' });
    }
  }
}
