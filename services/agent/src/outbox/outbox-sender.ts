import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';

import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { AgentSource } from '@tidewaiter/agent-protocol';
import { InvalidInput, TidewaiterError, Unavailable } from '@tidewaiter/domain';
import { Logger, reasonOf } from '@tidewaiter/runtime';

import { backOffMs } from '../back-off.js';
import { Hub } from '../hub/hub.js';
import { Membership } from '../hub/membership.js';
import { countForRequest, type OutboxEntry, requestLimits } from './outbox-entry.js';
import { Outbox } from './outbox.js';

const readBytes = 2 ** 22;
const pollMs = 1_000;
const minRequestBytes = 2 ** 16;

/** Sends what is in the outbox to the hub, in order. */
@Injectable()
export class OutboxSender implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #stopped = new AbortController();
  #running: Promise<void> | undefined;
  #failures = 0;
  /** Smaller than the usual limit behind a proxy that refuses larger bodies. */
  #packedBytes = requestLimits.packedBytes;

  constructor(
    private readonly outbox: Outbox,
    private readonly hub: Hub,
    private readonly membership: Membership,
    private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.#running = this.#run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    const release = await this.outbox.claim();
    while (!signal.aborted) {
      const { writes } = this.outbox;
      const pauseMs = await this.#step();
      if (pauseMs === null) await this.outbox.nextWrite(writes, signal, pollMs);
      else if (pauseMs > 0) await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    }
    release();
  }

  /** Sends one request; returns the pause before the next, null when the outbox is empty. */
  async #step(): Promise<number | null> {
    if (!this.membership.hasCredential) return pollMs;
    try {
      const waiting = await this.outbox.waiting(readBytes);
      if (waiting.length === 0) return null;
      const limits = { ...requestLimits, packedBytes: this.#packedBytes };
      const chosen = waiting.slice(
        0,
        countForRequest(
          waiting.map(({ entry }) => entry),
          limits,
        ),
      );
      await this.#deliver(chosen.map(({ entry }) => entry));
      await this.outbox.acknowledge(chosen.at(-1)!.next);
      this.membership.answered();
      this.#failures = 0;
      return 0;
    } catch (error) {
      if (this.#stopped.signal.aborted) return 0;
      this.#failures += 1;
      // Once per outage: the lag is in the status.
      if (this.#failures === 1) this.logger.warn({ reason: reasonOf(error) }, 'events wait for the hub');
      if (error instanceof TidewaiterError) this.membership.answered(error);
      const askedMs = error instanceof Unavailable ? (error.retryAfterMs ?? 0) : 0;
      return Math.max(askedMs, backOffMs(this.#failures, Math.random()));
    }
  }

  /** Entries that the hub rejects are sent one by one, and one that it rejects event by event. */
  async #deliver(entries: readonly OutboxEntry[]): Promise<void> {
    const { source } = entries[0]!;
    const packed = Buffer.concat(entries.map((entry) => entry.packed));
    const rejection = await this.#post(source, packed);
    if (rejection === null) return;
    if (isTooLarge(rejection)) this.#packedBytes = Math.max(minRequestBytes, packed.length >> 1);
    if (entries.length > 1) {
      for (const entry of entries) await this.#deliver([entry]);
      return;
    }
    const unpacked = await promisify(gunzip)(packed);
    await this.#deliverEach(source, unpacked.toString('utf8').split('\n').filter(Boolean), rejection);
  }

  /** Finds the events that the hub rejects by bisection; they are counted as lost. */
  async #deliverEach(source: AgentSource, lines: readonly string[], rejection: InvalidInput): Promise<void> {
    if (lines.length <= 1) {
      this.logger.warn({ source, reason: rejection.message }, 'event rejected by the hub');
      await this.outbox.count(source, lines.length);
      return;
    }
    const half = lines.length >> 1;
    for (const part of [lines.slice(0, half), lines.slice(half)]) {
      const next = await this.#post(source, await promisify(gzip)(`${part.join('\n')}\n`));
      if (next !== null) await this.#deliverEach(source, part, next);
    }
  }

  /** Returns why the hub can never accept a body; null when it has it. */
  async #post(source: AgentSource, packed: Buffer): Promise<InvalidInput | null> {
    const { signal } = this.#stopped;
    try {
      await this.hub.request(`/agent/v1/events/${source}`, { body: packed, encoding: 'gzip', signal });
      return null;
    } catch (error) {
      if (error instanceof InvalidInput) return error;
      throw error;
    }
  }
}

function isTooLarge(rejection: InvalidInput): boolean {
  return rejection.message.startsWith('413');
}
