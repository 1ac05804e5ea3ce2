import { setTimeout as sleep } from 'node:timers/promises';

import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { type CloudEvent, consumersOf } from '@tidewaiter/events';
import { failpoint, type Logger } from '@tidewaiter/runtime';

import { columnsOf, type RowOf } from './columns.js';
import { OutboxRow } from './event-rows.js';
import { type Store, withoutFlush } from './store.js';

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
/**
 * Poll interval for events of which the relay was not notified: their process died, or another one
 * wrote them.
 */
const pollMs = 1_000;
/** Age up to which the state of a poll serves health checks, which come as often. */
const stateMs = 1_500;
/** Longest time that consumers have for an event before it is published again. */
const maxPatienceSeconds = 3_600;

/**
 * Publishes the events of the outbox, in every process of every service; they share the rows. An
 * event is marked after the bus has confirmed it, so a crash in between, or one of PostgreSQL soon
 * after, publishes it twice and the consumers' inboxes drop the second.
 */
export class OutboxRelay implements OnApplicationBootstrap, OnApplicationShutdown {
  #stopped = new AbortController();
  #wake = Promise.withResolvers<void>();
  #running: Promise<void> | undefined;
  #isWoken = true;
  #state: OutboxState | undefined;
  #statedAt = 0;

  constructor(
    private readonly store: Store,
    private readonly publisher: EventPublisher,
    private readonly logger: Logger,
  ) {
    store.onCommit(({ events }) => {
      if (events.length === 0) return;
      this.#isWoken = true;
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
        // A poll mostly finds nothing: one statement, instead of a transaction that locks.
        const isWoken = this.#isWoken;
        this.#isWoken = false;
        const isDue = isWoken || (await this.#look()).isWaiting;
        const published = isDue ? await this.#publishBatch() : 0;
        isFailing = false;
        if (published === batchSize) continue;
      } catch (err) {
        // Once per outage: the outbox keeps everything, and its age is a metric.
        if (!isFailing) this.logger.warn({ err }, 'relay failed');
        isFailing = true;
      }
      await Promise.race([this.#wake.promise, sleep(pollMs, undefined, { ref: false })]);
    }
  }

  async #look(): Promise<OutboxState> {
    this.#state = undefined;
    const [state] = await this.store.aggregate<OutboxState>(
      `SELECT count(*) > 0 AS "isWaiting",
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
         WHERE published_at IS NULL ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED`,
        [batchSize],
      );
      if (events.length === 0) return 0;
      const results = await Promise.allSettled(events.map((event) => this.#publish(event)));
      failpoint('relay.batch-published');
      const sent = events.filter((_, index) => results[index]?.status === 'fulfilled');
      const unread = sent.filter(({ type }) => consumersOf(type).length === 0);
      await tx.query(
        // The time until a republish doubles up to an hour, so that a service that was down does
        // not face a flood of repeats.
        `UPDATE outbox SET published_at = now(), publishes = publishes + 1,
           next_sweep_at = now() + least($3, 30 * 2 ^ least(publishes, 20)) * interval '1 second',
           confirmed_at = CASE WHEN id = ANY($2) THEN now() END
         WHERE id = ANY($1)`,
        [sent.map(({ id }) => id), unread.map(({ id }) => id), maxPatienceSeconds],
      );
      const failed = results.find((result) => result.status === 'rejected');
      if (failed && sent.length === 0) throw failed.reason;
      return failed ? 0 : events.length;
    }, withoutFlush);
  }

  async #publish({ nextSweepAt, channel, traceparent, time, ...event }: OutboxEvent): Promise<void> {
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
    await this.publisher.publish(channel, message, messageId);
    failpoint('relay.one-published');
  }
}
