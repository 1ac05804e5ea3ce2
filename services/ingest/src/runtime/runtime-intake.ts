import { Injectable } from '@nestjs/common';
import { Bus } from '@tidewaiter/bus';
import { RecentIds, type Steps } from '@tidewaiter/collections';
import type { RuntimeRecord } from '@tidewaiter/domain';
import { runtimeChannel } from '@tidewaiter/events';
import { failpoint } from '@tidewaiter/runtime';

import type { IntakeResult } from '../http/receipt.js';
import { EventSpool } from '../spool/event-spool.js';
import { messagesOf, type RuntimeMessage } from './runtime-messages.js';
import { SlicedWork } from './sliced-work.js';

/** Some minutes of a busy cluster; the detector recognizes older repetitions. */
const maxRecentIds = 400_000;

/**
 * Takes records to the spool, or without one to the stream, which is then their only store: a
 * sensor may drop its copy once they are on disk there.
 */
@Injectable()
export class RuntimeIntake {
  readonly #recent = new RecentIds(maxRecentIds);
  /** Requests in flight, by the keys of their records. */
  readonly #underWay = new Map<string, Promise<number>>();

  constructor(
    private readonly bus: Bus,
    private readonly spool: EventSpool,
    private readonly work: SlicedWork,
  ) {}

  /**
   * Resolves when everything is on disk. Records stored before a failure are not stored twice when
   * the sensor resends them.
   * @throws Unavailable `SPOOL_FULL`; without a spool `STREAM_FULL`, `BUS_UNAVAILABLE`
   */
  async keep(records: readonly RuntimeRecord[], traceparent: string | undefined): Promise<IntakeResult> {
    const { fresh, awaited } = this.#sort(records);
    const stored = this.#store(fresh, traceparent);
    for (const record of fresh) this.#underWay.set(keyOf(record), stored);
    try {
      const [repeated] = await allEnded([stored, ...awaited]);
      failpoint('events.published');
      return { accepted: fresh.length - repeated!, duplicates: records.length - fresh.length + repeated! };
    } finally {
      for (const record of fresh) this.#underWay.delete(keyOf(record));
    }
  }

  /** The records without a recent duplicate, and the requests in flight that have the others. */
  #sort(records: readonly RuntimeRecord[]): { fresh: RuntimeRecord[]; awaited: Set<Promise<number>> } {
    const own = new Set<string>();
    const awaited = new Set<Promise<number>>();
    const fresh = records.filter((record) => {
      const key = keyOf(record);
      const fate = this.#underWay.get(key);
      if (fate) awaited.add(fate);
      if (fate || own.has(key) || this.#recent.has(key)) return false;
      own.add(key);
      return true;
    });
    return { fresh, awaited };
  }

  /** Returns how many of the records the stream already had. */
  async #store(records: readonly RuntimeRecord[], traceparent: string | undefined): Promise<number> {
    const messages = await this.work.run(messagesOf(records, { time: new Date().toISOString(), traceparent }));
    const outcomes = await allEnded(await this.work.run(this.#publishEach(messages)));
    let repeated = 0;
    for (const count of outcomes) repeated += count;
    return repeated;
  }

  *#publishEach(messages: readonly RuntimeMessage[]): Steps<Promise<number>[]> {
    const published: Promise<number>[] = [];
    for (const message of messages) {
      const publishing = this.#publish(message);
      // A failure before the last one has begun is waited for later.
      publishing.catch(() => undefined);
      published.push(publishing);
      yield;
    }
    return published;
  }

  /**
   * Returns how many of its records the stream already had: all of them, when another process
   * received the same request. The spool does not ask the stream.
   */
  async #publish(message: RuntimeMessage): Promise<number> {
    const isRepeated = this.spool.isOn
      ? await this.spool.append(message).then(() => false)
      : await this.#publishNow(message);
    failpoint('events.one-published');
    for (const record of message.records) this.#recent.add(keyOf(record));
    return isRepeated ? message.records.length : 0;
  }

  async #publishNow({ partition, event, messageId }: RuntimeMessage): Promise<boolean> {
    return (await this.bus.publish(runtimeChannel(partition), event, messageId)).isRepeated;
  }
}

/** Results of all works. @throws the error of the first that failed, when all have ended */
async function allEnded<Result>(works: readonly Promise<Result>[]): Promise<Result[]> {
  await Promise.allSettled(works);
  return Promise.all(works);
}

function keyOf({ sensor, id }: RuntimeRecord): string {
  return `${sensor}\n${id}`;
}
