import { Injectable } from '@nestjs/common';
import { NotYet } from '@tidewaiter/domain';
import { draft, notificationDelivered, notificationFailed } from '@tidewaiter/events';
import { clean, maxItemChars, type Message } from '@tidewaiter/messages';
import type { JobProblem } from '@tidewaiter/queue';
import type { Edition, Outcome } from '@tidewaiter/receivers';
import { currentTraceparent, failpoint } from '@tidewaiter/runtime';
import {
  type ClaimedJob,
  Deliveries,
  type Delivery,
  GroupCommit,
  Jobs,
  leaseLost,
  Store,
  type Transaction,
  jobsOf,
} from '@tidewaiter/store';

import { Channels } from './channels.js';

/** Message that its channel accepted, with the outcome to record. */
interface Taken {
  job: ClaimedJob;
  delivery: Delivery<Message>;
  outcome: Outcome;
  traceparent: string | undefined;
}

/** Deliveries that were sent at the same time are recorded in one transaction. */
const noteLimits = { concurrency: 1, batchBytes: Infinity, waitingBytes: Infinity, timeoutMs: 10_000 };

/**
 * Transactions that change the state of a delivery: each leaves the delivery, its job and its
 * reported outcome consistent.
 */
@Injectable()
export class DeliveryTransitions {
  readonly #notes = new GroupCommit(async (taken: readonly Taken[]) => this.#sent(taken), noteLimits);

  constructor(
    private readonly store: Store,
    private readonly jobs: Jobs,
    private readonly deliveries: Deliveries,
    private readonly channels: Channels,
  ) {}

  /**
   * Returns the delivery of a job with the messages that its channel already has, or null when the
   * delivery has ended.
   * @throws NotYet `DELIVERY_WAITS` while an older state of the same subject is being sent to its
   * channel.
   */
  async begin(
    job: ClaimedJob,
  ): Promise<{ stored: Delivery<Message>; edition: Edition | null; isInDoubt: boolean } | null> {
    const begun = await this.deliveries.begin<Message>(job.key, job.attempt);
    if (begun.how === 'waits') {
      throw new NotYet('DELIVERY_WAITS', 'an older message about the same is on its way', { retryAfterMs: 2_000 });
    }
    // A delayed message must not arrive after one about a newer state.
    if (begun.how !== 'begun') return null;
    const { delivery: stored, thread, isInDoubt } = begun;
    return { stored, isInDoubt, edition: stored.edition && thread && { ...stored.edition, thread } };
  }

  async done(job: ClaimedJob): Promise<void> {
    await this.store.transaction((tx) => this.jobs.finish(tx, job));
  }

  /** @throws Unavailable `LEASE_LOST` when another process holds the job by now */
  async sent(job: ClaimedJob, delivery: Delivery<Message>, outcome: Outcome): Promise<void> {
    const isNoted = await this.#notes.add({ job, delivery, outcome, traceparent: currentTraceparent() });
    if (!isNoted) throw leaseLost(job);
  }

  /**
   * Records the deliveries whose job leases this process still holds; returns for each whether it
   * did.
   */
  async #sent(all: readonly Taken[]): Promise<boolean[]> {
    return this.store.transaction(async (tx) => {
      const finished = await this.jobs.finishAll(
        tx,
        all.map(({ job }) => job),
      );
      const taken = all.filter(({ job }) => finished.has(job.id));
      await this.deliveries.sent(
        tx,
        taken.map(({ delivery: { id }, outcome: { reference, refused, note = null } }) => ({
          id,
          reference,
          note: refused.length > 0 ? `refused by ${refused.join('; ')}` : note,
        })),
      );
      await tx.emit(
        ...taken.map(({ delivery: { id, receiver, channel }, traceparent }) => ({
          ...draft(notificationDelivered, id, { deliveryId: id, receiver, channel }),
          traceparent,
        })),
      );
      return all.map(({ job }) => finished.has(job.id));
    });
  }

  async partlySent(id: string, reached: readonly string[]): Promise<void> {
    await this.deliveries.partlySent(id, reached);
    failpoint('delivery.part-noted');
  }

  async retrying(job: ClaimedJob, problem: JobProblem, inMs: number): Promise<void> {
    await this.deliveries.retrying(job.key, { ...problem, attempt: job.attempt, inMs });
    failpoint('delivery.retry-noted');
  }

  async giveUp(job: ClaimedJob, { code, reason }: JobProblem): Promise<void> {
    const delivery = await this.deliveries.get<Message>(job.key);
    await this.store.transaction(async (tx) => {
      await this.jobs.failIn(tx, job, { code, reason, retryInMs: null });
      if (!delivery) return;
      const { id, receiver, channel } = delivery;
      if (!(await this.deliveries.failed(tx, id, job.attempt, code, reason))) return;
      await tx.emit(draft(notificationFailed, id, { deliveryId: id, receiver, channel, code, reason }));
      await this.#fallBack(tx, delivery);
    });
    failpoint('delivery.given-up');
  }

  /** Sends the message to the fallback receiver. There is no second fallback. */
  async #fallBack(tx: Transaction, { receiver, ...delivery }: Delivery<Message>): Promise<void> {
    const { routing } = this.channels;
    const fallback = routing?.receivers.get(receiver)?.fallback ?? null;
    // Channels for users would get no entry, only its number.
    const isAudit = delivery.groupLabels['kind'] === 'audit';
    const channels = fallback === null || isAudit ? [] : (routing?.receivers.get(fallback)?.integrations ?? []);
    const footer = clean(
      `${delivery.message.footer} · instead of ${receiver} by ${delivery.channel}, which took no message`,
      maxItemChars,
    );
    const ids = await this.deliveries.add(
      tx,
      channels.map(({ kind, index }) => ({
        ...delivery,
        receiver: fallback ?? '',
        channel: kind,
        integration: index,
        cause: ['fallback', delivery.id] as const,
        origin: { kind: 'fallback' as const, id: delivery.id },
        replyTo: null,
        message: { ...delivery.message, footer },
      })),
    );
    await tx.enqueue(...jobsOf('delivery', ids, 'interactive'));
  }
}
