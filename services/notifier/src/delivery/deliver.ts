import { Injectable } from '@nestjs/common';
import { NotYet, TidewaiterError } from '@tidewaiter/domain';
import type { Message } from '@tidewaiter/messages';
import type { JobHandler, JobProblem } from '@tidewaiter/queue';
import { type Edition, type Outcome, OutcomeUnknown, type OutgoingMessage, PartlySent } from '@tidewaiter/receivers';
import { Logger, failpoint } from '@tidewaiter/runtime';
import type { ClaimedJob, Delivery as StoredDelivery } from '@tidewaiter/store';

import { Channels } from './channels.js';
import { DeliveryContents } from './delivery-contents.js';
import { DeliveryTransitions } from './delivery-transitions.js';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/**
 * Sends one message to one channel. The key of the job is the delivery id, which is the same on
 * every try.
 */
@Injectable()
export class Deliver implements JobHandler<ClaimedJob> {
  readonly queue = 'delivery';
  readonly beginsOwn = true;
  /** Three days in all: a channel that is down over a weekend still gets its messages. */
  readonly retryDelaysMs = [
    2_000,
    10_000,
    minuteMs,
    5 * minuteMs,
    15 * minuteMs,
    ...Array.from({ length: 6 }, () => hourMs),
    ...Array.from({ length: 11 }, () => 6 * hourMs),
  ];
  readonly concurrency: number;

  constructor(
    private readonly steps: DeliveryTransitions,
    private readonly channels: Channels,
    private readonly contents: DeliveryContents,
    private readonly logger: Logger,
  ) {
    this.concurrency = channels.concurrency;
  }

  async handle(job: ClaimedJob): Promise<void> {
    const begun = await this.steps.begin(job);
    if (!begun) return this.steps.done(job);
    failpoint('delivery.begun');
    const { stored, edition, isInDoubt } = begun;
    const { channel } = stored;
    const contents = await this.contents.of(channel, stored.alerts);
    const delivery = { ...this.#deliveryOf(stored, edition, job.attempt), ...contents };
    try {
      const outcome = await this.#sendOnce(stored, delivery, isInDoubt);
      failpoint('delivery.sent');
      await keepingDoubt(async () => this.steps.sent(job, stored, outcome));
      failpoint('delivery.recorded');
      this.logger.info(
        { delivery_id: delivery.id, receiver: delivery.receiver, channel, attempt: job.attempt },
        'delivery done',
      );
    } catch (error) {
      if (error instanceof PartlySent) await this.steps.partlySent(delivery.id, error.reached);
      throw error;
    }
  }

  async retrying(job: ClaimedJob, problem: JobProblem, inMs: number): Promise<void> {
    await this.steps.retrying(job, problem, inMs);
  }

  async giveUp(job: ClaimedJob, problem: JobProblem): Promise<void> {
    await this.steps.giveUp(job, problem);
  }

  /** Where an earlier try may have arrived, the channel is asked first. */
  async #sendOnce(
    { state, code, channel, integration }: StoredDelivery<Message>,
    delivery: OutgoingMessage,
    isInDoubt: boolean,
  ): Promise<Outcome> {
    const isUnconfirmed = isInDoubt || state === 'sending' || code === 'DELIVERY_UNCONFIRMED';
    const look = async () => this.channels.find(channel, integration, delivery);
    const found = isUnconfirmed ? await keepingDoubt(look) : null;
    return found ?? this.channels.send(channel, integration, delivery);
  }

  #deliveryOf(
    { id, groupKey, groupLabels, alerts, message, reached, receiver, replyTo }: StoredDelivery<Message>,
    edition: Edition | null,
    attempt: number,
  ): OutgoingMessage {
    const externalUrl = this.channels.consoleUrl;
    return { id, groupKey, groupLabels, alerts, message, reached, receiver, attempt, externalUrl, edition, replyTo };
  }
}

/**
 * Runs a step after which the channel may have the message, whatever becomes of the step: its
 * failure must not become the one that the next try reads, or that try would send without looking.
 */
async function keepingDoubt<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    // A retry is useless, as for a removed receiver or a lost lease.
    if (error instanceof TidewaiterError && (!error.retryable || error.code === 'LEASE_LOST')) throw error;
    if (error instanceof OutcomeUnknown) throw error;
    if (error instanceof NotYet) {
      throw new NotYet('DELIVERY_UNCONFIRMED', error.message, { retryAfterMs: error.retryAfterMs ?? 0 });
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new OutcomeUnknown(`the message may have arrived, and was not confirmed: ${reason}`, error);
  }
}
