import { Injectable } from '@nestjs/common';
import { Bus } from '@tidewaiter/bus';
import { RecentIds } from '@tidewaiter/collections';
import type { RuntimeRecord } from '@tidewaiter/domain';
import { runtimeChannel } from '@tidewaiter/events';
import { failpoint } from '@tidewaiter/runtime';

import type { IntakeResult } from '../http/receipt.js';
import { EventSpool } from '../spool/event-spool.js';
import { messagesOf, type RuntimeMessage } from './runtime-messages.js';

/** Some minutes of a busy cluster; the detector recognizes older repetitions. */
const maxRecentIds = 400_000;

/**
 * Takes records to the spool, or without one to the stream, which is then their only store: a sensor
 * may drop its copy once they are on disk there.
 */
@Injectable()
export class RuntimeIntake {
  readonly #recent = new RecentIds(maxRecentIds);
  /** Pending publishes, by the key of their record. */
  readonly #underWay = new Map<string, Promise<unknown>>();

  constructor(
    private readonly bus: Bus,
    private readonly spool: EventSpool,
  ) {}

  /**
   * Resolves when everything is on disk. Records stored before a failure are not stored twice when
   * the sensor resends them.
   * @throws Unavailable `SPOOL_FULL`; without a spool `STREAM_FULL`, `BUS_UNAVAILABLE`
   */
  async keep(records: readonly RuntimeRecord[], traceparent: string | undefined): Promise<IntakeResult> {
    const { fresh, awaited } = this.#sort(records);
    const messages = messagesOf(fresh, { time: new Date().toISOString(), traceparent });
    const published = messages.map(async (message) => this.#publish(message));
    const outcomes = await Promise.allSettled([...published, ...awaited]);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
    let repeated = 0;
    for (const count of await Promise.all(published)) repeated += count;
    failpoint('events.published');
    return { accepted: fresh.length - repeated, duplicates: records.length - fresh.length + repeated };
  }

  /** The records without a recent duplicate, and the pending publishes of those in flight. */
  #sort(records: readonly RuntimeRecord[]): { fresh: RuntimeRecord[]; awaited: Set<Promise<unknown>> } {
    const own = new Set<string>();
    const awaited = new Set<Promise<unknown>>();
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

  /**
   * Returns how many of its records the stream already had: all of them, when another process
   * received the same request. The spool does not ask the stream.
   */
  async #publish(message: RuntimeMessage): Promise<number> {
    const keys = message.records.map(keyOf);
    const stored = this.spool.isOn ? this.spool.append(message).then(() => false) : this.#publishNow(message);
    for (const key of keys) this.#underWay.set(key, stored);
    try {
      const isRepeated = await stored;
      failpoint('events.one-published');
      for (const key of keys) this.#recent.add(key);
      return isRepeated ? keys.length : 0;
    } finally {
      for (const key of keys) this.#underWay.delete(key);
    }
  }

  async #publishNow({ partition, event, messageId }: RuntimeMessage): Promise<boolean> {
    return (await this.bus.publish(runtimeChannel(partition), event, messageId)).isRepeated;
  }
}

function keyOf({ sensor, id }: RuntimeRecord): string {
  return `${sensor}\n${id}`;
}
