import { Injectable } from '@nestjs/common';
import { draft, notificationDelivered, notificationFailed } from '@tidewaiter/events';
import type { JobProblem } from '@tidewaiter/queue';
import { type ClaimedJob, Deliveries, type Delivery, Jobs, Store } from '@tidewaiter/store';

import type { Message } from './message.js';
import type { Outcome } from './receivers/receiver.js';

/** The transactions that move a delivery: each leaves it, its job and what is told about it in one consistent state. */
@Injectable()
export class DeliverySteps {
  constructor(
    private readonly store: Store,
    private readonly jobs: Jobs,
    private readonly deliveries: Deliveries,
  ) {}

  /** The delivery of a job, or null when it has ended. */
  async begin(job: ClaimedJob): Promise<Delivery<Message> | null> {
    const delivery = await this.deliveries.get<Message>(job.key);
    if (!delivery || delivery.state === 'sent' || delivery.state === 'superseded') return null;
    // A message that was held up must not arrive after one that says how things are now.
    if (await this.deliveries.superseded(delivery.id)) return null;
    await this.deliveries.sending(delivery.id, job.attempt);
    return delivery;
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
      if (await this.deliveries.failed(tx, id, job.attempt, code, reason))
        await tx.emit(draft(notificationFailed, id, { deliveryId: id, receiver, channel, code, reason }));
    });
  }
}
