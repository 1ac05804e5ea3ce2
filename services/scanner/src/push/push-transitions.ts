import { Injectable } from '@nestjs/common';
import { type Baseline, type NotYet, Unavailable } from '@tidewaiter/domain';
import type { PushChanges } from '@tidewaiter/integrity';
import type { JobProblem } from '@tidewaiter/queue';
import { failpoint } from '@tidewaiter/runtime';
import { redactedReason } from '@tidewaiter/secrets';
import {
  type ClaimedJob,
  Images,
  Jobs,
  LayerFailures,
  type Push,
  PushDifferences,
  Pushes,
  Store,
  type Transaction,
  layerKey,
} from '@tidewaiter/store';

import { Analysis } from '../analysis.js';
import { attachedKey } from '../provenance/verify-attached.js';
import { earlierPending } from './baselines.js';
import type { PushEvaluation } from './evaluate-push.js';
import { PushCorrections } from './push-corrections.js';
import { pushEvents } from './push-events.js';
import { PushFailures } from './push-failures.js';
import type { NotAnImage } from './resolve-push.js';

/** Compressed size from which a layer is read in the slow lane. */
const largeBytes = 64 * 1024 * 1024;

/** Progress of a push. */
export type PushProgress = 'waits for layers' | 'ready';

/**
 * Transactions that advance a push: each leaves the push, its job and its events in one consistent
 * state.
 */
@Injectable()
export class PushTransitions {
  constructor(
    private readonly store: Store,
    private readonly jobs: Jobs,
    private readonly pushes: Pushes,
    private readonly images: Images,
    private readonly layers: LayerFailures,
    private readonly differences: PushDifferences,
    private readonly corrections: PushCorrections,
    private readonly failures: PushFailures,
    private readonly analysis: Analysis,
  ) {}

  async done(job: ClaimedJob): Promise<void> {
    await this.store.transaction((tx) => this.jobs.finish(tx, job));
  }

  /**
   * Queues the unread layers of a push that the transaction has locked, as a layer's reader does to
   * find waiting pushes: one of the two sees the other's work.
   */
  async advance(tx: Transaction, job: ClaimedJob, push: Push): Promise<PushProgress> {
    const pending = await this.layers.pending(tx, push.id, this.analysis.reader);
    if (pending.length === 0) return 'ready';
    const { connection, repository } = push;
    await tx.enqueue(
      ...pending.map((claim) => ({
        queue: 'layer' as const,
        key: layerKey({ claim, place: { connection, repository } }),
        class: job.class,
        connection,
        repository,
        turn: push.id,
        isLarge: claim.sizeBytes >= largeBytes,
      })),
    );
    await this.jobs.finish(tx, job);
    return 'waits for layers';
  }

  /**
   * Ends a push with its verdict, stores its changes, and publishes both.
   * @throws Unavailable `LAYER_ARRIVED`
   */
  async conclude(
    job: ClaimedJob,
    push: Push,
    evaluation: PushEvaluation,
    baseline: Baseline | null,
    changes: PushChanges | null,
  ): Promise<void> {
    await this.store.transaction(async (tx) => {
      await this.#mustBeUpToDate(tx, push, evaluation);
      const announcement = await this.corrections.announcementOf(tx, push, evaluation);
      if (await this.pushes.analyzed(tx, push.id, evaluation, baseline, announcement)) {
        if (changes) await this.differences.put(tx, push.id, changes);
        const awaited = await this.corrections.awaitSignature(tx, push, announcement);
        await tx.emit(...pushEvents(push, evaluation, { baseline, changes, awaited }));
      }
      await this.jobs.finish(tx, job);
    });
    failpoint('push.concluded');
    // Without this they come after their pause.
    await this.#hastenWaiting(push).catch(() => undefined);
  }

  /**
   * Replaces the verdict of a push.
   * @param mustPublish whether it is published again: a layer that could not be read before may
   * contain anything
   * @throws Unavailable `LAYER_ARRIVED`
   */
  async correct(job: ClaimedJob, push: Push, evaluation: PushEvaluation, mustPublish: boolean): Promise<void> {
    await this.store.transaction(async (tx) => {
      await this.#mustBeUpToDate(tx, push, evaluation);
      await this.pushes.reevaluated(tx, push.id, evaluation);
      if (mustPublish) {
        const awaited = await this.corrections.begin(tx, push, evaluation);
        const context = { baseline: push.comparedWith, changes: null, awaited, again: true };
        await tx.emit(...pushEvents(push, evaluation, context));
      }
      await this.jobs.finish(tx, job);
    });
    failpoint('push.corrected');
  }

  /** Ends a job without an event about its push. */
  async abandon(job: ClaimedJob, { code, reason }: JobProblem): Promise<void> {
    await this.jobs.fail(job, { code, reason, retryInMs: null });
  }

  /**
   * Ends a push of a signature, an attestation or a chart, without an event.
   * @param subject manifest that the artifact refers to, if any: that one is verified again
   */
  async setAside(job: ClaimedJob, { code, message, subject }: NotAnImage): Promise<void> {
    await this.store.transaction(async (tx) => {
      const push = await this.pushes.failed(tx, job.key, 'not-an-image', code, message);
      const about = subject ?? push?.attachedTo;
      if (about) await tx.enqueue({ queue: 'attached', key: attachedKey(job.key, about), class: 'interactive' });
      await this.jobs.finish(tx, job);
    });
    failpoint('push.set-aside');
  }

  async refuse(job: ClaimedJob, code: string, reason: string): Promise<void> {
    await this.store.transaction(async (tx) => {
      await this.failures.end(tx, job.key, 'refused', code, reason);
      await this.jobs.finish(tx, job);
    });
    failpoint('push.refused');
  }

  async giveUp(job: ClaimedJob, { code, reason }: JobProblem): Promise<void> {
    await this.store.transaction(async (tx) => {
      await this.jobs.failIn(tx, job, { code, reason, retryInMs: null });
      await this.failures.end(tx, job.key, 'dead-lettered', code, reason);
    });
    failpoint('push.given-up');
  }

  /** Notes that a push is about to wait for another one, whose end makes it due. */
  async awaits(job: ClaimedJob, earlier: NotYet): Promise<void> {
    await this.jobs.noteWait(job, { code: earlier.code, reason: redactedReason(earlier) });
  }

  /** Pushes of the repository that wait for this one need not wait longer. */
  async #hastenWaiting(push: Push): Promise<void> {
    const waits = [push.tag, push.digest].filter((name) => name !== null).map((name) => earlierPending(name));
    const reasons = waits.map((wait) => redactedReason(wait));
    await this.jobs.hasten('push', push, { code: 'EARLIER_PUSH_PENDING', reasons });
  }

  /**
   * Another process may have read a layer while this one evaluated without it: then neither its
   * finding nor its content would count.
   */
  async #mustBeUpToDate(tx: Transaction, { id }: Push, { images }: PushEvaluation): Promise<void> {
    await this.pushes.lock(tx, id);
    if (images.every(({ unreadLayers }) => unreadLayers.length === 0)) return;
    if (await this.images.areUpToDate(tx, id, this.analysis.version)) return;
    throw new Unavailable('LAYER_ARRIVED', 'a layer was read while the push was evaluated without it');
  }
}
