import { setTimeout as sleep } from 'node:timers/promises';

import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { type CloudEvent, consumersOf } from '@tidewaiter/events';
import { failpoint, type Logger } from '@tidewaiter/runtime';

import { columnsOf, type RowOf } from './columns.js';
import { OutboxRow } from './event-rows.js';
import { isUnflushed, type Queries, type Store, type TypedEvent } from './store.js';

/** Publishes one event on the bus; resolves when the bus has it on disk. */
export interface EventPublisher {
  publish(channel: string, event: CloudEvent, messageId: string): Promise<unknown>;
}

const columns = columnsOf(OutboxRow, {
  only: ['id', 'type', 'channel', 'subject', 'source', 'time', 'data', 'traceparent', 'nextSweepAt'],
});

type OutboxEvent = RowOf<typeof columns>;

interface OutboxState {
  /** Whether an event is to be published. */
  isWaiting: boolean;
  /** Age of the oldest event that was never published; republishes are due to a consumer. */
  oldestSeconds: number;
}

const batchSize = 200;
/** Limit on the events that wait in the memory of their process. */
const maxFresh = 2_000;
/** Poll interval for events that their process did not publish: it died, or NATS was away. */
const pollMs = 1_000;
/** SQL condition for events that their process has had time to publish. */
const isLeft = `published_at IS NULL AND time < now() - interval '250 milliseconds'`;
/** Age up to which the state of a poll serves health checks, which come as often. */
const stateMs = 1_500;
/** Longest time that consumers have for an event before it is published again. */
const maxPatienceSeconds = 3_600;

/**
 * Publishes the events of the outbox, in every process of every service: those of its own process
 * from memory, right after their commit, and what others left in the table, whose rows they share.
 * An event is marked after the bus has confirmed it, so a crash in between, or one of PostgreSQL
 * soon after, publishes it twice and the consumers' inboxes drop the second.
 */
export class OutboxRelay implements OnApplicationBootstrap, OnApplicationShutdown {
  #stopped = new AbortController();
  #wake = Promise.withResolvers<void>();
  #running: Promise<void> | undefined;
  /** Committed by this process, and not published. */
  #fresh: TypedEvent[] = [];
  #state: OutboxState | undefined;
  #statedAt = 0;
  #polledAt = -Infinity;

  constructor(
    private readonly store: Store,
    private readonly publisher: EventPublisher,
    private readonly logger: Logger,
  ) {
    store.onCommit(({ events }) => {
      if (events.length === 0) return;
      // The table keeps those for which there is no room.
      this.#fresh.push(...events.slice(0, maxFresh - this.#fresh.length));
      this.#wake.resolve();
    });
  }

  onApplicationBootstrap(): void {
    this.#running = this.#run();
  }

  async onApplicationShutdown(): Promise<void> {
    this.#stopped.abort();
    this.#wake.resolve();
    await this.#running;
  }

  /**
   * Age of the oldest event that was never published.
   * @throws Unavailable `STORE_UNAVAILABLE`
   */
  async oldestSeconds(): Promise<number> {
    const isRecent = this.#state && performance.now() - this.#statedAt < stateMs;
    return (isRecent ? this.#state! : await this.#look()).oldestSeconds;
  }

  async #run(): Promise<void> {
    let isFailing = false;
    while (!this.#stopped.signal.aborted) {
      this.#wake = Promise.withResolvers();
      try {
        const fresh = this.#fresh.splice(0, batchSize);
        if (fresh.length > 0) await this.#publishFresh(fresh);
        const left = this.#isPollDue ? await this.#poll() : 0;
        isFailing = false;
        if (this.#fresh.length > 0 || left === batchSize) continue;
      } catch (err) {
        // Once per outage: the outbox keeps everything, and its age is a metric.
        if (!isFailing) this.logger.warn({ err }, 'relay failed');
        isFailing = true;
      }
      await Promise.race([this.#wake.promise, sleep(pollMs, undefined, { ref: false })]);
    }
  }

  get #isPollDue(): boolean {
    // A timer may end a moment early.
    return performance.now() - this.#polledAt > 0.9 * pollMs;
  }

  /** Mostly finds nothing: one statement, instead of a transaction that locks. */
  async #poll(): Promise<number> {
    const left = (await this.#look()).isWaiting ? await this.#publishLeft() : 0;
    if (left < batchSize) this.#polledAt = performance.now();
    return left;
  }

  async #look(): Promise<OutboxState> {
    this.#state = undefined;
    const [state] = await this.store.aggregate<OutboxState>(
      `SELECT coalesce(bool_or(${isLeft}), false) AS "isWaiting",
         coalesce(extract(epoch FROM now() - min(time) FILTER (WHERE publishes = 0)), 0)::float AS "oldestSeconds"
       FROM outbox WHERE published_at IS NULL`,
    );
    this.#statedAt = performance.now();
    return (this.#state = state!);
  }

  /** Events that are not published here are found in the table. */
  async #publishFresh(events: readonly TypedEvent[]): Promise<void> {
    const sent = await this.#publishAll(events, async ({ event, type }) =>
      this.#publish(type.channel, event, event.id),
    );
    await mark(
      this.store,
      sent.map(({ event }) => event),
    );
  }

  async #publishLeft(): Promise<number> {
    return this.store.transaction(async (tx) => {
      const events = await tx.rows(columns, `FROM outbox WHERE ${isLeft} ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED`, [
        batchSize,
      ]);
      const sent = await this.#publishAll(events, async (event) => this.#publishAgain(event));
      await mark(tx, sent);
      return sent.length;
    });
  }

  /**
   * Publishes events at once; returns those that the bus has confirmed.
   * @throws the error of the bus, if it has confirmed none
   */
  async #publishAll<Event>(events: readonly Event[], publish: (event: Event) => Promise<void>): Promise<Event[]> {
    const results = await Promise.allSettled(events.map(publish));
    failpoint('relay.batch-published');
    const sent = events.filter((_, index) => results[index]?.status === 'fulfilled');
    const failed = results.find((result) => result.status === 'rejected');
    if (failed && sent.length === 0) throw failed.reason;
    return sent;
  }

  async #publishAgain({ nextSweepAt, channel, traceparent, time, ...event }: OutboxEvent): Promise<void> {
    const message: CloudEvent = {
      specversion: '1.0',
      ...event,
      time: time.toISOString(),
      datacontenttype: 'application/json',
      ...(traceparent ? { traceparent } : {}),
    };
    // A redrive needs its own message id, or JetStream would drop it as a duplicate. The time when
    // it was due is unique, where a count would be repeated by a copy of the database.
    const messageId = nextSweepAt === null ? event.id : `${event.id}#${nextSweepAt.getTime()}`;
    await this.#publish(channel, message, messageId);
  }

  async #publish(channel: string, event: CloudEvent, messageId: string): Promise<void> {
    await this.publisher.publish(channel, event, messageId);
    failpoint('relay.one-published');
  }
}

/** Marks events as published; one that no consumer reads is confirmed, too. */
async function mark(store: Queries, events: readonly Pick<OutboxEvent, 'id' | 'type'>[]): Promise<void> {
  if (events.length === 0) return;
  const unread = events.filter(({ type }) => consumersOf(type).length === 0);
  await store.query(
    // The time until a republish doubles up to an hour, so that a service that was down does not
    // face a flood of repeats.
    `UPDATE outbox SET published_at = now(), publishes = publishes + 1,
       next_sweep_at = now() + least($3, 30 * 2 ^ least(publishes, 20)) * interval '1 second',
       confirmed_at = CASE WHEN id = ANY($2) THEN now() END
     WHERE id = ANY($1) AND published_at IS NULL AND ${isUnflushed}`,
    [events.map(({ id }) => id), unread.map(({ id }) => id), maxPatienceSeconds],
  );
}
