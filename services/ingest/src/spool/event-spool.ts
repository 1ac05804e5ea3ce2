import { setTimeout as sleep } from 'node:timers/promises';

import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Bus } from '@tidewaiter/bus';
import { runtimeChannel } from '@tidewaiter/events';
import { counterIn, failpoint, gaugeIn, Logger, metricCatalog } from '@tidewaiter/runtime';
import { type Counter, Registry } from 'prom-client';

import type { RuntimeMessage } from '../runtime/runtime-messages.js';
import { EventCover } from './event-cover.js';
import { eventEntry, readEventEntry, type SpooledMessage } from './event-entries.js';
import { SpoolSetup } from './spool-setup.js';
import type { Spool } from './spool.js';

/** Limit on what is on its way to NATS, and in memory for it. */
const readBytes = 2 ** 20;
const checkMs = 2_000;
const retryMs = 500;

interface Publication extends SpooledMessage {
  /** Suffix that its id gets at a later publication; null at the first one. */
  again: string | null;
}

/**
 * Keeps runtime events on disk until the detector's snapshots in PostgreSQL cover them, and for a
 * time after, and publishes them in the background. A stream that lost them gets them again.
 */
@Injectable()
export class EventSpool implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #stopped = new AbortController();
  readonly #republished: Counter;
  #publishing: Promise<void> | undefined;
  #checkDue = 0;

  constructor(
    private readonly setup: SpoolSetup,
    private readonly bus: Bus,
    private readonly cover: EventCover,
    metrics: Registry,
    private readonly logger: Logger,
  ) {
    const { spool } = setup;
    this.#republished = counterIn(metrics, metricCatalog.spoolRepublished);
    const lost = counterIn(metrics, metricCatalog.spoolLost);
    gaugeIn(metrics, metricCatalog.spoolBytes, async (gauge) => gauge.set(spool?.waitingBytes ?? 0));
    if (spool) spool.onLoss = () => lost.inc();
  }

  /** Whether messages go to the spool. */
  get isOn(): boolean {
    return this.setup.spool !== null;
  }

  /** Resolves when the message is on disk. @throws Unavailable `SPOOL_FULL` */
  async append(message: RuntimeMessage): Promise<void> {
    await this.setup.spool!.events.append(eventEntry(message));
    failpoint('spool.event-appended');
  }

  onApplicationBootstrap(): void {
    const { spool } = this.setup;
    if (spool) this.#publishing = this.#publishAll(spool);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#stopped.abort();
    await this.#publishing;
  }

  async #publishAll(spool: Spool): Promise<void> {
    const { signal } = this.#stopped;
    const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    const release = await spool.events.claim();
    await Promise.race([this.cover.ready, stopped]);
    let isFailing = false;
    while (!signal.aborted) {
      const { writes } = spool.events;
      try {
        if (performance.now() >= this.#checkDue) {
          await this.cover.check(spool);
          this.#checkDue = performance.now() + checkMs;
        }
        const isEnd = !(await this.#publishNext(spool));
        isFailing = false;
        if (isEnd) await spool.events.nextWrite(writes, signal, checkMs);
      } catch (err) {
        // Once per outage: the size of the spool is a metric.
        if (!isFailing) this.logger.warn({ err }, 'spooled events wait');
        isFailing = true;
        await sleep(retryMs, undefined, { signal }).catch(() => undefined);
      }
    }
    await this.cover.note(spool).catch(() => undefined);
    release();
  }

  /**
   * Publishes the next entries, in order up to the first failure; false at the end of the spool.
   */
  async #publishNext({ events, coverage }: Spool): Promise<boolean> {
    const position = coverage.next(events.segments);
    const entries = position ? await events.read(position, readBytes) : [];
    const messages = entries.map(({ content, next }) => ({ ...readEventEntry(content), again: coverage.again(next) }));
    const outcomes = await Promise.allSettled(messages.map(async (message) => this.#publish(message)));
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.status === 'rejected') throw outcome.reason;
      const { next } = entries[index]!;
      const { partition, records, again } = messages[index]!;
      if (again !== null) this.#republished.inc(records);
      coverage.published(partition, outcome.value, next);
    }
    return entries.length > 0;
  }

  async #publish({ partition, json, messageId, traceparent, again }: Publication): Promise<number> {
    const id = again ? `${messageId} ${again}` : messageId;
    const { sequence } = await this.bus.append(runtimeChannel(partition), json, id, traceparent);
    return sequence;
  }
}
