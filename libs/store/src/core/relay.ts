import { setTimeout as sleep } from 'node:timers/promises';

import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { type CloudEvent, consumersOf } from '@tidewaiter/events';
import { failpoint, type Logger } from '@tidewaiter/runtime';

import { columnsOf, type RowOf } from './columns.js';
import { OutboxRow } from './event-rows.js';
import type { Queries, Store, TypedEvent } from './store.js';

/** Publishes one event on the bus; resolves when the bus has it on disk. */
export interface EventPublisher {
  publish(channel: string, event: CloudEvent, messageId: string): Promise<unknown>;
}

const columns = columnsOf(OutboxRow, {
  only: ['id', 'type', 'channel', 'subject', 'source', 'time', 'data', 'traceparent', 'nextSweepAt'],
});

type OutboxEvent = RowOf<typeof columns>;

interface OutboxState {
  /** Whether an event is left over. */
  isWaiting: boolean;
  /** Whether every event is published. */
  isEmpty: boolean;
  /** Age of the oldest event that was never published; republishes are due to a consumer. */
  oldestSeconds: number;
}

const batchSize = 200;
/** Poll interval for events that the process that committed them has not published. */
const pollMs = 1_000;
/** Age from which an event is left over: until then its own process publishes and marks it. */
const leftOverMs = 1_000;
/** Time in which published events are gathered, which are then marked by one statement. */
const markMs = 250;
/** Limit on events that are being published on their commit; the poll publishes those beyond it. */
const maxInFlight = 1_000;
/** Age up to which the state of a poll serves health checks, which come as often. */
const stateMs = 1_500;
/** Longest time that consumers have for an event before it is published again. */
const maxPatienceSeconds = 3_600;

/**
 * Publishes the events of the outbox, in every process of every service: each its own on their
 * commit, and what a process left over when it is polled. An event is marked after the bus has
 * confirmed it, so a crash in between publishes it twice and the consumers' inboxes drop the
 * second.
 */
export class OutboxRelay implements OnApplicationBootstrap, OnApplicationShutdown {
  #stopped = new AbortController();
  #running: Promise<void> | undefined;
  #isFailing = false;
  readonly #inFlight = new Set<Promise<void>>();
  #eventsInFlight = 0;
  /** Published events that are not marked yet. */
  #published: PublishedEvent[] = [];
  #marking: Promise<void> | undefined;
  #state: OutboxState | undefined;
  #statedAt = 0;

  constructor(
    private readonly store: Store,
    private readonly publisher: EventPublisher,
    private readonly logger: Logger,
  ) {
    store.onCommit(({ events }) => {
      if (events.length > 0) this.#publishSoon(events);
    });
  }

  onApplicationBootstrap(): void {
    this.#running = this.#run();
  }

  async onApplicationShutdown(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
    await Promise.all(this.#inFlight);
    await this.#marking;
  }

  /**
   * Age of the oldest event that was never published.
   * @throws Unavailable `STORE_UNAVAILABLE`
   */
  async oldestSeconds(): Promise<number> {
    const isRecent = this.#state && performance.now() - this.#statedAt < stateMs;
    return (isRecent ? this.#state! : await this.#look()).oldestSeconds;
  }

  /** Publishes events that were just committed, unless the bus is away: then the poll does. */
  #publishSoon(events: readonly TypedEvent[]): void {
    const isBusy = this.#eventsInFlight + events.length > maxInFlight;
    if (this.#running === undefined || this.#stopped.signal.aborted || this.#isFailing || isBusy) return;
    this.#eventsInFlight += events.length;
    const publishing = this.#publishCommitted(events).finally(() => {
      this.#eventsInFlight -= events.length;
      this.#inFlight.delete(publishing);
    });
    this.#inFlight.add(publishing);
  }

  async #publishCommitted(events: readonly TypedEvent[]): Promise<void> {
    const { sent, failed } = await publishEach(events, async ({ event, type }) =>
      this.#publish(type.channel, event, event.id),
    );
    this.#published.push(...sent.map(({ event: { id, type } }) => ({ id, type })));
    if (sent.length > 0) this.#marking ??= this.#markPublished();
    if (failed) this.#fail(failed.reason);
  }

  /** A failure only publishes the events again. */
  async #markPublished(): Promise<void> {
    while (this.#published.length > 0) {
      await sleep(markMs, undefined, { ref: false, signal: this.#stopped.signal }).catch(() => undefined);
      const published = this.#published;
      this.#published = [];
      await mark(this.store, published).catch((err: unknown) => this.#fail(err));
    }
    this.#marking = undefined;
  }

  /** Once per outage: the outbox keeps everything, and its age is a metric. */
  #fail(err: unknown): void {
    if (!this.#isFailing) this.logger.warn({ err }, 'relay failed');
    this.#isFailing = true;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      try {
        // A poll mostly finds nothing: one statement, instead of a transaction that locks.
        const { isWaiting, isEmpty } = await this.#look();
        const published = isWaiting ? await this.#publishBatch() : 0;
        if (isEmpty || published > 0) this.#isFailing = false;
        if (published === batchSize) continue;
      } catch (err) {
        this.#fail(err);
      }
      await sleep(pollMs, undefined, { ref: false, signal }).catch(() => undefined);
    }
  }

  async #look(): Promise<OutboxState> {
    this.#state = undefined;
    const [state] = await this.store.aggregate<OutboxState>(
      `SELECT count(*) FILTER (WHERE ${isLeftOver}) > 0 AS "isWaiting", count(*) = 0 AS "isEmpty",
         coalesce(extract(epoch FROM now() - min(time) FILTER (WHERE publishes = 0)), 0)::float AS "oldestSeconds"
       FROM outbox WHERE published_at IS NULL`,
    );
    this.#statedAt = performance.now();
    return (this.#state = state!);
  }

  async #publishBatch(): Promise<number> {
    return this.store.transaction(async (tx) => {
      const events = await tx.rows(
        columns,
        `FROM outbox
         WHERE published_at IS NULL AND ${isLeftOver} ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED`,
        [batchSize],
      );
      if (events.length === 0) return 0;
      const { sent, failed } = await publishEach(events, async (event) => this.#publishRow(event));
      await mark(tx, sent);
      if (failed && sent.length === 0) throw failed.reason;
      return failed ? 0 : events.length;
    });
  }

  async #publishRow({ nextSweepAt, channel, traceparent, time, ...event }: OutboxEvent): Promise<void> {
    const message: CloudEvent = {
      specversion: '1.0',
      ...event,
      time: time.toISOString(),
      datacontenttype: 'application/json',
      ...(traceparent ? { traceparent } : {}),
    };
    // A redrive needs its own message id, or JetStream would drop it as a duplicate. The time when
    // it was due is unique, where a count would be repeated by a copy of the database.
    await this.#publish(channel, message, nextSweepAt === null ? event.id : `${event.id}#${nextSweepAt.getTime()}`);
  }

  async #publish(channel: string, event: CloudEvent, messageId: string): Promise<void> {
    await this.publisher.publish(channel, event, messageId);
    failpoint('relay.one-published');
  }
}

const isLeftOver = `time < now() - interval '${leftOverMs} milliseconds'`;

type PublishedEvent = Pick<OutboxEvent, 'id' | 'type'>;

/** Publishes the events of a batch; returns those that were sent, and the first failure. */
async function publishEach<Event>(
  events: readonly Event[],
  publish: (event: Event) => Promise<void>,
): Promise<{ sent: Event[]; failed: PromiseRejectedResult | undefined }> {
  const results = await Promise.allSettled(events.map(publish));
  failpoint('relay.batch-published');
  return {
    sent: events.filter((_, index) => results[index]?.status === 'fulfilled'),
    failed: results.find((result) => result.status === 'rejected'),
  };
}

/** Marks events as published; one that no consumer reads is confirmed as well. */
async function mark(queries: Queries, sent: readonly PublishedEvent[]): Promise<void> {
  const unread = sent.filter(({ type }) => consumersOf(type).length === 0);
  await queries.query(
    // The time until a republish doubles up to an hour, so that a service that was down does
    // not face a flood of repeats.
    `UPDATE outbox SET published_at = now(), publishes = publishes + 1,
       next_sweep_at = now() + least($3, 30 * 2 ^ least(publishes, 20)) * interval '1 second',
       confirmed_at = CASE WHEN id = ANY($2) THEN now() END
     WHERE id = ANY($1)`,
    [sent.map(({ id }) => id), unread.map(({ id }) => id), maxPatienceSeconds],
  );
}
