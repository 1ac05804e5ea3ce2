import { Injectable } from '@nestjs/common';
import { Unavailable } from '@tidewaiter/domain';
import { draft, notificationDelivered, notificationFailed } from '@tidewaiter/events';
import { clean, maxItemChars, type Message } from '@tidewaiter/messages';
import type { JobProblem } from '@tidewaiter/queue';
import { type ClaimedJob, Deliveries, type Delivery, Jobs, Store, type Transaction } from '@tidewaiter/store';

import { Channels } from './channels.js';
import type { Edition, Outcome } from './receivers/receiver.js';

/** The transactions that move a delivery: each leaves it, its job and what is told about it in one consistent state. */
@Injectable()
export class DeliverySteps {
  constructor(
    private readonly store: Store,
    private readonly jobs: Jobs,
    private readonly deliveries: Deliveries,
    private readonly channels: Channels,
  ) {}

  /**
   * The delivery of a job with what its channel was told before, or null when it has ended.
   * @throws Unavailable `DELIVERY_WAITS` while its channel is being told of an older state of the same.
   */
  async begin(job: ClaimedJob): Promise<{ stored: Delivery<Message>; edition: Edition | null } | null> {
    const stored = await this.deliveries.get<Message>(job.key);
    if (!stored || stored.state === 'sent' || stored.state === 'superseded') return null;
    const begun = await this.deliveries.begin(stored.id, job.attempt);
    // A message that was held up must not arrive after one that says how things are now.
    if (begun === 'superseded') return null;
    if (begun === 'waits') throw new Unavailable('DELIVERY_WAITS', 'an older message about the same is on its way');
    const thread = stored.edition && (await this.deliveries.thread<Message>(stored.id));
    return { stored, edition: stored.edition && thread && { ...stored.edition, thread } };
  }

  async done(job: ClaimedJob): Promise<void> {
    await this.store.transaction((tx) => this.jobs.finish(tx, job));
  }

  async sent(
    job: ClaimedJob,
    { id, receiver, channel }: Delivery<Message>,
    { reference, refused }: Outcome,
  ): Promise<void> {
    const note = refused.length > 0 ? `refused by ${refused.join('; ')}` : null;
    await this.store.transaction(async (tx) => {
      await this.deliveries.sent(tx, id, reference, note);
      await tx.emit(draft(notificationDelivered, id, { deliveryId: id, receiver, channel }));
      await this.jobs.finish(tx, job);
    });
  }

  async partlySent(id: string, reached: readonly string[]): Promise<void> {
    await this.deliveries.partlySent(id, reached);
  }

  async retrying(job: ClaimedJob, { code, reason }: JobProblem, inMs: number): Promise<void> {
    await this.deliveries.retrying(job.key, job.attempt, code, reason, inMs);
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
  }

  /** Somebody else is told what a channel did not take. What the other one does not take either is left at that. */
  async #fallBack(tx: Transaction, { receiver, ...delivery }: Delivery<Message>): Promise<void> {
    const { routing } = this.channels;
    const fallback = routing?.receivers.get(receiver)?.fallback ?? null;
    const channels = fallback === null ? [] : (routing?.receivers.get(fallback)?.integrations ?? []);
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
        message: { ...delivery.message, footer },
      })),
    );
    await tx.enqueue(...ids.map((key) => ({ queue: 'delivery', key, class: 'interactive' as const })));
  }
}
