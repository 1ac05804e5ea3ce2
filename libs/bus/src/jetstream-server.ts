import { setTimeout as sleep } from 'node:timers/promises';

import { type ConsumerMessages, type JsMsg } from '@nats-io/jetstream';
import { type CustomTransportStrategy, type MessageHandler, Server } from '@nestjs/microservices';
import { type CloudEvent, type Consumer, readEvent } from '@tidewaiter/events';
import { type Health, type Logger, withSpan } from '@tidewaiter/runtime';
import type { Counter } from 'prom-client';
import { lastValueFrom } from 'rxjs';

import type { Bus } from './connection.js';
import { failureOf } from './failure.js';
import type { Subscription } from './subscribe.js';

/** Where messages go that nobody can handle. They are kept before the bus forgets them. */
export interface DeadLetterSink {
  save(letter: {
    consumer: string;
    eventId: string | null;
    subject: string;
    payload: Uint8Array;
    code: string;
    reason: string;
    attempts: number;
  }): Promise<void>;
}

type Result = 'handled' | 'retried' | 'dead-lettered';

const idleHeartbeatMs = 5_000;
const restartDelayMs = 500;
const drainTimeoutMs = 8_000;

/**
 * Nest's transport over JetStream: one durable pull consumer for each consumer that this process has handlers for. A message
 * is acked after its handler has returned, put back with a pause when it threw, and becomes a dead letter when that is no use.
 */
export class JetStreamServer extends Server implements CustomTransportStrategy {
  readonly #stopping = new AbortController();
  readonly #inFlight = new Set<Promise<void>>();
  readonly #pulls = new Set<ConsumerMessages>();
  #loops: Promise<void>[] = [];

  constructor(
    private readonly bus: Bus,
    private readonly deadLetters: DeadLetterSink,
    private readonly log: Logger,
    private readonly messages: Counter<'consumer' | 'result'>,
    health: Health,
  ) {
    super();
    health.add('nats', async () => (bus.connection.isClosed() ? 'closed' : bus.connection.rtt().then(() => undefined)));
  }

  listen(ready: () => void): void {
    const consumers = new Set<Consumer>();
    for (const handler of this.messageHandlers.values()) {
      for (const { consumer } of subscriptions(handler)) consumers.add(consumer);
    }
    for (const consumer of consumers) this.#requireHandlers(consumer);
    this.#loops = [...consumers].map((consumer) => this.#consume(consumer));
    ready();
  }

  /** Pulls no more, waits for the handlers that run, and leaves the rest to others. */
  async close(): Promise<void> {
    this.#stopping.abort();
    for (const pull of this.#pulls) pull.stop();
    await Promise.race([Promise.allSettled([...this.#loops, ...this.#inFlight]), sleep(drainTimeoutMs)]);
  }

  on(): never {
    throw new Error('the bus has no event emitter; see its metrics and logs');
  }

  unwrap<T>(): T {
    return this.bus.connection as T;
  }

  /** An event that a consumer declares and nobody handles would be acked unread and published again for ever. */
  #requireHandlers(consumer: Consumer): void {
    const missing = consumer.events.filter(({ channel }) => !this.messageHandlers.has(channel)).map(({ channel }) => channel);
    if (missing.length > 0) throw new Error(`consumer ${consumer.name} has no handler for ${missing.join(', ')}`);
  }

  /** Pulls until we stop. A pull that goes quiet, as after a reconnect, or whose stream is gone is made anew. */
  async #consume(consumer: Consumer): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await this.#pull(consumer);
      } catch (err) {
        this.log.warn({ consumer: consumer.name, err }, 'consumer restart');
        await this.bus.reconcile().catch(() => undefined);
      }
      if (!signal.aborted) await sleep(restartDelayMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #pull(consumer: Consumer): Promise<void> {
    const source = await this.bus.jetstream.consumers.get(consumer.stream, consumer.name);
    const pull = await source.consume({ max_messages: 2 * consumer.concurrency, idle_heartbeat: idleHeartbeatMs, abort_on_missing_resource: true });
    this.#pulls.add(pull);
    void this.#watch(pull);
    try {
      for await (const message of pull) {
        if (this.#stopping.signal.aborted) {
          message.nak();
          continue;
        }
        await this.#start(consumer, message);
      }
    } finally {
      this.#pulls.delete(pull);
    }
  }

  async #watch(pull: ConsumerMessages): Promise<void> {
    let missed = 0;
    for await (const status of pull.status()) {
      if (status.type === 'heartbeats_missed') missed = status.count;
      if (missed >= 2) {
        pull.stop(new Error('the server sends no heartbeats'));
        return;
      }
    }
  }

  /** Begins to handle a message; resolves when there is room for the next one. */
  async #start(consumer: Consumer, message: JsMsg): Promise<void> {
    const work = this.#handle(consumer, message).finally(() => this.#inFlight.delete(work));
    this.#inFlight.add(work);
    while (this.#inFlight.size >= consumer.concurrency) await Promise.race(this.#inFlight);
  }

  async #handle(consumer: Consumer, message: JsMsg): Promise<void> {
    const beat = setInterval(() => message.working(), consumer.ackWaitMs / 3);
    try {
      const result = await this.#settle(consumer, message);
      this.messages.inc({ consumer: consumer.name, result });
    } catch (err) {
      // The dead letter could not be kept, so the message must not go away either.
      this.log.error({ consumer: consumer.name, err }, 'message kept');
      message.nak(10_000);
    } finally {
      clearInterval(beat);
    }
  }

  async #settle(consumer: Consumer, message: JsMsg): Promise<Result> {
    let event: CloudEvent | undefined;
    try {
      event = readEvent(message.data);
      // A message that kills the process never reports a failure; its deliveries are all that tells.
      if (message.info.deliveryCount > 2 * consumer.maxAttempts) throw new Error('delivered too often without an answer');
      await this.#dispatch(consumer, event, message);
      message.ack();
      return 'handled';
    } catch (error) {
      return this.#failed(consumer, message, event, error);
    }
  }

  async #dispatch(consumer: Consumer, event: CloudEvent, message: JsMsg): Promise<void> {
    const first = this.messageHandlers.get(message.subject);
    for (let handler = first; handler; handler = handler.next as MessageHandler | undefined) {
      if (!isFor(handler, consumer)) continue;
      const run = handler;
      const attributes = { 'messaging.system': 'nats', 'messaging.message.id': event.id, 'messaging.destination.name': message.subject };
      await withSpan(`${consumer.name} ${message.subject}`, { traceparent: event.traceparent, kind: 'consumer', attributes }, async () => {
        const answer = this.transformToObservable(await run(event, { message }));
        await lastValueFrom(answer, { defaultValue: undefined });
      });
    }
  }

  async #failed(consumer: Consumer, message: JsMsg, event: CloudEvent | undefined, error: unknown): Promise<Result> {
    const attempts = message.info.deliveryCount;
    const failure = failureOf(error, attempts, consumer.maxAttempts);
    const fields = { consumer: consumer.name, event_id: event?.id, event_type: event?.type, attempt: attempts, err: error };
    if (failure.action === 'retry') {
      this.log.warn(fields, 'event failed');
      message.nak(failure.delayMs);
      return 'retried';
    }
    const { code, reason } = failure;
    const letter = { consumer: consumer.name, subject: event?.subject ?? message.subject, payload: message.data, code, reason, attempts };
    await this.deadLetters.save({ ...letter, eventId: event?.id ?? null });
    this.log.error({ ...fields, code }, 'event given up');
    message.term(code);
    return 'dead-lettered';
  }
}

/** A handler and those that Nest has chained behind it for the same subject. */
function subscriptions(handler: MessageHandler): Subscription[] {
  const found: Subscription[] = [];
  for (let each: MessageHandler | undefined = handler; each; each = each.next as MessageHandler | undefined) {
    const subscription = (each.extras as { subscription?: Subscription } | undefined)?.subscription;
    if (subscription) found.push(subscription);
  }
  return found;
}

function isFor(handler: MessageHandler, consumer: Consumer): boolean {
  return (handler.extras as { subscription?: Subscription } | undefined)?.subscription?.consumer.name === consumer.name;
}
