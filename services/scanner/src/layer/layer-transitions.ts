import { Injectable } from '@nestjs/common';
import type { LayerClaim } from '@tidewaiter/domain';
import { failpoint } from '@tidewaiter/runtime';
import type { PackedLayer } from '@tidewaiter/sandbox';
import {
  type ClaimedJob,
  Images,
  Jobs,
  type LayerFailure,
  LayerFailures,
  Pushes,
  type RepositoryPlace,
  Store,
  type Transaction,
  claimKey,
  type PlacedLayer,
  jobsOf,
  resumedPushJob,
} from '@tidewaiter/store';

import { Analysis } from '../analysis.js';

/** Transactions that advance a layer, and with it the pushes that wait for it. */
@Injectable()
export class LayerTransitions {
  constructor(
    private readonly store: Store,
    private readonly jobs: Jobs,
    private readonly images: Images,
    private readonly pushes: Pushes,
    private readonly failures: LayerFailures,
    private readonly analysis: Analysis,
  ) {}

  async isRead(claim: LayerClaim): Promise<boolean> {
    return this.images.isLayerRead(claim, this.analysis.version);
  }

  /** Whether the layer could not be read from its repository since the job was enqueued. */
  async hasJustFailed(job: ClaimedJob, { claim, place }: PlacedLayer): Promise<boolean> {
    return this.failures.hasFailedSince(job.id, claim, place, this.analysis.reader);
  }

  /** Whether an older job reads the same layer from another repository. */
  async isReadElsewhere(job: ClaimedJob, claim: LayerClaim): Promise<boolean> {
    return this.jobs.isOlderRunning(job, `${claimKey(claim)} `);
  }

  /** Ends a job without a layer to read, and wakes the pushes that wait for it. */
  async done(job: ClaimedJob, { claim }: PlacedLayer): Promise<void> {
    await this.store.transaction(async (tx) => {
      await this.#wakePushes(tx, claim);
      await this.jobs.finish(tx, job);
    });
  }

  /** Stores the analysis of a layer, for the images of all repositories. */
  async keep(job: ClaimedJob, { claim }: PlacedLayer, layer: PackedLayer): Promise<void> {
    await this.keepRead(claim, layer);
    failpoint('layer.stored');
    await this.store.transaction(async (tx) => {
      await this.#wakePushes(tx, claim);
      const lacking = await this.failures.lacking(tx, claim);
      await tx.enqueue(...jobsOf('reevaluate', lacking, 'bulk'));
      await this.jobs.finish(tx, job);
    });
    failpoint('layer.pushes-woken');
  }

  /**
   * Commits the layer before looking for waiting pushes, so that a push either sees the layer or is
   * found waiting.
   */
  async keepRead(claim: LayerClaim, { diffId: _, ...layer }: PackedLayer): Promise<void> {
    const result = { ...layer, facts: Buffer.from(layer.facts), entries: Buffer.from(layer.entries) };
    await this.store.transaction(async (tx) => {
      await this.failures.lock(tx, claim);
      await this.images.layerAnalyzed(tx, claim, this.analysis.version, result);
      await this.failures.clear(tx, claim);
    });
  }

  /** Stores why the layer cannot be read; the pushes of that repository continue without it. */
  async refuse(job: ClaimedJob, layer: PlacedLayer, failure: LayerFailure): Promise<void> {
    await this.store.transaction(async (tx) => {
      await this.#failed(tx, layer, failure);
      await this.jobs.finish(tx, job);
    });
    failpoint('layer.refused');
  }

  /** As {@link refuse}, with a dead letter that can be redriven. */
  async giveUp(job: ClaimedJob, layer: PlacedLayer, failure: LayerFailure): Promise<void> {
    await this.store.transaction(async (tx) => {
      await this.jobs.failIn(tx, job, { ...failure, retryInMs: null });
      await this.#failed(tx, layer, failure);
    });
    failpoint('layer.given-up');
  }

  /** Records that another attempt failed. */
  async failedAgain({ claim, place }: PlacedLayer, failure: LayerFailure): Promise<void> {
    await this.store.transaction(async (tx) => {
      await this.failures.lock(tx, claim);
      await this.failures.put(tx, claim, place, failure, this.analysis.reader);
    });
    failpoint('layer.failed-again');
  }

  async #failed(tx: Transaction, { claim, place }: PlacedLayer, failure: LayerFailure): Promise<void> {
    await this.failures.lock(tx, claim);
    await this.failures.put(tx, claim, place, failure, this.analysis.reader);
    await this.#wakePushes(tx, claim, place);
  }

  /**
   * Queues the pushes for which this was the last layer. Locks them meanwhile, so that two last
   * layers cannot miss each other.
   */
  async #wakePushes(tx: Transaction, claim: LayerClaim, place?: RepositoryPlace): Promise<void> {
    for (const push of await this.pushes.waitingFor(tx, claim, place)) {
      const pending = await this.failures.pending(tx, push.id, this.analysis.reader);
      if (pending.length === 0) await tx.enqueue(resumedPushJob(push));
    }
  }
}
