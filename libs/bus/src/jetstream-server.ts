import { setTimeout as sleep } from 'node:timers/promises';

import type { JsMsg } from '@nats-io/jetstream';
import { type CustomTransportStrategy, type MessageHandler, Server } from '@nestjs/microservices';
import { InvalidInput, Unavailable } from '@tidewaiter/domain';
import { type CloudEvent, type Consumer, eventTypeNamed, readEvent } from '@tidewaiter/events';
import { type Health, type Logger, withSpan, failpoint } from '@tidewaiter/runtime';
import type { Counter } from 'prom-client';
import { isObservable, lastValueFrom } from 'rxjs';

import type { Bus } from './connection.js';
import { failureOf, isOutage } from './failure.js';
import { PullLoop } from './pull-loop.js';
import type { Subscription } from './subscribe.js';

/** Store of dead letters. A dead letter is saved before its message is terminated on the bus. */
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

const drainTimeoutMs = 8_000;
const outageDelayMs = 2_000;
const probeEveryMs = 1_000;
/** Name of the health check that shows whether handlers can commit. */
const storeCheck = 'postgres';
const keptDelayMs = 10_000;

/** Consumer and its handlers, by channel. */
interface ConsumerBinding {
  consumer: Consumer;
  handlers: Map<string, MessageHandler>;
}

/**
 * Nest's transport over JetStream: one durable pull consumer for each consumer that this process
 * has handlers for. A message is acked after its handler has returned, redelivered with a delay if
 * it threw, and dead-lettered after a final failure.
 */
export class JetStreamServer extends Server implements CustomTransportStrategy {
  readonly #handled = new Map<string, ConsumerBinding>();
  readonly #stopped = new AbortController();
  #loops: PullLoop[] = [];
  #running: Promise<void>[] = [];
  /** Rejects the wait for handlers whose message another replica may take. */
  readonly #waiting = new Set<(error: Unavailable) => void>();
  /** Set while the store does not answer; resolves when it does again. */
  #outage: Promise<void> | undefined;

  constructor(
    private readonly bus: Bus,
    private readonly deadLetters: DeadLetterSink,
    private readonly log: Logger,
    private readonly messages: Counter<'consumer' | 'result'>,
    private readonly health: Health,
  ) {
    super();
    health.add('nats', async () => (await bus.problem(this.#consumers())) ?? this.#problemOfLoops());
  }

  /** Messages that wait for each consumer of this service. @throws Unavailable without NATS */
  async waiting(): Promise<{ consumer: string; count: number }[]> {
    return Promise.all(
      this.#consumers().map(async (consumer) => ({
        consumer: consumer.name,
        count: await this.bus.waitingFor(consumer),
      })),
    );
  }

  #consumers(): Consumer[] {
    return [...this.#handled.values()].map(({ consumer }) => consumer);
  }

  #problemOfLoops(): string | undefined {
    return this.#loops.some(({ isFailing }) => isFailing) ? 'events are not read' : undefined;
  }

  /**
   * Overridden because Nest chains the handlers of two consumers for one event, so that each
   * message reaches both.
   */
  override addHandler(
    channel: string,
    handler: MessageHandler,
    _isEvent?: boolean,
    extras?: Record<string, unknown>,
  ): void {
    const subscription = extras?.['subscription'] as Subscription | undefined;
    if (!subscription) throw new Error(`${channel}: the bus takes handlers made by Subscribe alone`);
    const { consumer } = subscription;
    const handled = this.#handled.get(consumer.name) ?? { consumer, handlers: new Map<string, MessageHandler>() };
    if (handled.handlers.has(channel)) throw new Error(`consumer ${consumer.name} has two handlers for ${channel}`);
    handled.handlers.set(channel, handler);
    this.#handled.set(consumer.name, handled);
  }

  listen(ready: () => void): void {
    for (const handled of this.#handled.values()) requireHandlers(handled);
    this.#loops = [...this.#handled.values()].map(
      (handled) =>
        new PullLoop(
          this.bus,
          handled.consumer,
          async (message, stopping) => this.#handle(handled, message, stopping),
          this.log,
        ),
    );
    this.#running = this.#loops.map(async (loop) => loop.run());
    void this.#watchStore();
    ready();
  }

  /** Stops pulling, waits for running handlers, and leaves other messages to other replicas. */
  async close(): Promise<void> {
    this.#stopped.abort();
    for (const loop of this.#loops) loop.stop();
    await Promise.race([Promise.all(this.#running), sleep(drainTimeoutMs, undefined, { ref: false })]);
  }

  on(): never {
    throw new Error('the bus has no event emitter; see its metrics and logs');
  }

  unwrap(): never {
    throw new Error('the bus hides its client; inject Bus');
  }

  /** Never throws: a message that can be neither acked nor dead-lettered stays on the bus. */
  async #handle(handled: ConsumerBinding, message: JsMsg, stopping: AbortSignal): Promise<void> {
    const { name, ackWaitMs } = handled.consumer;
    const beat = setInterval(() => message.working(), ackWaitMs / 3);
    try {
      const result = await this.#settle(handled, message, stopping);
      this.messages.inc({ consumer: name, result });
    } catch (err) {
      // The dead letter could not be saved, so the message must stay on the bus.
      this.log.error({ consumer: name, err }, 'message kept');
      message.nak(keptDelayMs);
    } finally {
      clearInterval(beat);
    }
  }

  async #settle(handled: ConsumerBinding, message: JsMsg, stopping: AbortSignal): Promise<Result> {
    const { consumer } = handled;
    let event: CloudEvent | undefined;
    try {
      const read = (event = readMessage(message));
      // A message that kills the process never reports a failure; only its delivery count shows it.
      if (message.info.deliveryCount > 2 * consumer.maxAttempts)
        throw new Error('delivered too often without an answer');
      const work = async () => dispatch(handled, read, message);
      // Another replica may reach the store. Only at the first delivery: in a shared outage a
      // message must not use up its deliveries.
      if (message.info.deliveryCount === 1) await this.#unlessOutage(work);
      else await this.#outlastOutages(consumer, stopping, work);
      failpoint('bus.handled');
      message.ack();
      failpoint('bus.acked');
      return 'handled';
    } catch (error) {
      return this.#failed(consumer, message, event, error, stopping);
    }
  }

  /**
   * Does `work`, or fails as soon as the store stops answering, so that another replica gets the
   * message.
   */
  async #unlessOutage(work: () => Promise<void>): Promise<void> {
    if (this.#outage) throw storeAway();
    const lost = Promise.withResolvers<never>();
    this.#waiting.add(lost.reject);
    try {
      await Promise.race([work(), lost.promise]);
    } catch (error) {
      if (isOutage(error)) this.#pause();
      throw error;
    } finally {
      this.#waiting.delete(lost.reject);
    }
  }

  /** Polls the store, so that an outage is noticed even if every handler hangs or none runs. */
  async #watchStore(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      if (!(await this.health.isReachable(storeCheck))) this.#pause();
      await sleep(probeEveryMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /**
   * Pauses every pull loop until the store answers again, and returns messages in flight to the
   * bus.
   */
  #pause(): void {
    if (this.#outage || this.#stopped.signal.aborted) return;
    this.log.warn({}, 'consumers paused: the store does not answer');
    this.#outage = this.#untilStoreAnswers();
    for (const loop of this.#loops) loop.pause(this.#outage);
    for (const giveBack of this.#waiting) giveBack(storeAway());
  }

  async #untilStoreAnswers(): Promise<void> {
    const { signal } = this.#stopped;
    do await sleep(probeEveryMs, undefined, { signal, ref: false }).catch(() => undefined);
    while (!signal.aborted && !(await this.health.isReachable(storeCheck)));
    this.#outage = undefined;
    this.log.info({}, 'consumers resumed');
  }

  /**
   * Repeats `work` while one of our stores is down. Redelivery would count as attempts, so that a
   * long outage would dead-letter healthy messages.
   */
  async #outlastOutages(consumer: Consumer, stopping: AbortSignal, work: () => Promise<void>): Promise<void> {
    for (let failures = 0; ; failures++) {
      // Calls during an outage would hang until a timeout.
      await this.#outage;
      try {
        return await work();
      } catch (err) {
        if (!isOutage(err) || stopping.aborted) throw err;
        if (failures === 0) this.log.warn({ consumer: consumer.name, err }, 'event waits');
        await sleep(outageDelayMs, undefined, { signal: stopping }).catch(() => undefined);
      }
    }
  }

  async #failed(
    consumer: Consumer,
    message: JsMsg,
    event: CloudEvent | undefined,
    error: unknown,
    stopping: AbortSignal,
  ): Promise<Result> {
    const attempts = message.info.deliveryCount;
    const failure = failureOf(error, attempts, consumer.maxAttempts);
    const fields = {
      consumer: consumer.name,
      event_id: event?.id,
      event_type: event?.type,
      attempt: attempts,
      err: error,
    };
    if (failure.action === 'retry') {
      this.log.warn(fields, 'event failed');
      message.nak(failure.delayMs);
      return 'retried';
    }
    const { code, reason } = failure;
    const letter = {
      consumer: consumer.name,
      subject: event?.subject ?? message.subject,
      payload: message.data,
      code,
      reason,
      attempts,
    };
    await this.#outlastOutages(consumer, stopping, async () =>
      this.deadLetters.save({ ...letter, eventId: event?.id ?? null }),
    );
    this.log.error({ ...fields, code }, 'event given up');
    message.term(code);
    return 'dead-lettered';
  }
}

function storeAway(): Unavailable {
  return new Unavailable('STORE_UNAVAILABLE', 'the store does not answer');
}

/** @throws InvalidInput `EVENT_MALFORMED`, `EVENT_UNKNOWN` */
function readMessage({ data, subject }: JsMsg): CloudEvent {
  const event = readEvent(data);
  if (eventTypeNamed(event.type)?.channel === subject) return event;
  throw new InvalidInput('EVENT_MALFORMED', `${event.type} does not belong on ${subject}`);
}

/**
 * Requires a handler for each declared event: without one it would be acked unread and published
 * again forever.
 */
function requireHandlers({ consumer, handlers }: ConsumerBinding): void {
  const missing = consumer.events.map(({ channel }) => channel).filter((channel) => !handlers.has(channel));
  if (missing.length > 0) throw new Error(`consumer ${consumer.name} has no handler for ${missing.join(', ')}`);
}

async function dispatch({ consumer, handlers }: ConsumerBinding, event: CloudEvent, message: JsMsg): Promise<void> {
  const handler = handlers.get(message.subject);
  if (!handler) throw new Error(`consumer ${consumer.name} is sent ${message.subject}, which is not its own`);
  const attributes = {
    'messaging.system': 'nats',
    'messaging.message.id': event.id,
    'messaging.destination.name': message.subject,
  };
  const options = { traceparent: event.traceparent, kind: 'consumer' as const, attributes };
  await withSpan(`${consumer.name} ${message.subject}`, options, async () => {
    // Nest wraps a method: the handler returns a promise of an observable of its result.
    const result: unknown = await handler(event, { message });
    if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined });
  });
}
