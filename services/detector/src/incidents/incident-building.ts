import { setTimeout as sleep } from 'node:timers/promises';

import { Injectable } from '@nestjs/common';
import { Bus } from '@tidewaiter/bus';
import { Unavailable } from '@tidewaiter/domain';
import { Logger } from '@tidewaiter/runtime';
import type { DetectorLease } from '@tidewaiter/store';

import { DetectorMetrics } from '../detector-metrics.js';
import { DeadLetterWriter } from '../partitions/dead-letter-writer.js';
import { Engines } from '../partitions/engines.js';
import type { LeasedWorker, LeasedWork } from '../partitions/lease-manager.js';
import { IncidentBatches } from './incident-batches.js';
import { IncidentJournal } from './incident-journal.js';

const alertsPerBatch = 500;
const matchesPerBatch = 2_000;
/** Longest wait of an alert whose bus call got lost. */
const pollMs = 1_000;
/**
 * Debounce time, so that consecutive alerts share a batch: each batch costs a commit, and users see
 * no difference.
 */
const debounceMs = 25;
const retryMs = 500;

/**
 * Builds incidents from alerts. There is one builder for all partitions, because a campaign may
 * span them.
 */
@Injectable()
export class IncidentBuilding implements LeasedWork {
  readonly names = ['incidents'];

  constructor(
    private readonly journal: IncidentJournal,
    private readonly engines: Engines,
    private readonly deadLetters: DeadLetterWriter,
    private readonly bus: Bus,
    private readonly metrics: DetectorMetrics,
    private readonly log: Logger,
  ) {}

  async begin(lease: DetectorLease, lost: () => void): Promise<LeasedWorker> {
    const stopping = new AbortController();
    const running = this.#run(lease, stopping.signal)
      .catch((err: unknown) => {
        this.log.warn({ lease: lease.name, err }, 'lease lost');
        lost();
      })
      .finally(() => this.engines.drop(lease.name));
    return {
      stop: async () => {
        stopping.abort();
        await running;
      },
      kill: () => stopping.abort(),
    };
  }

  /** Runs until it is stopped. @throws Unavailable `LEASE_LOST` */
  async #run(lease: DetectorLease, signal: AbortSignal): Promise<void> {
    // After a failure, takes inputs one by one, to find the one whose results cannot be stored, or
    // to need less of a slow PostgreSQL.
    let isOneByOne = false;
    const correlations = (state: Uint8Array | null) => this.engines.wideCorrelations(lease.name, state);
    while (!signal.aborted) {
      try {
        const batches = await IncidentBatches.resume(lease, this.journal, correlations, this.log);
        if (isOneByOne) await this.#takeOne(batches);
        isOneByOne = false;
        await this.#takeAll(batches, signal);
      } catch (err) {
        if (err instanceof Unavailable && err.code === 'LEASE_LOST') throw err;
        this.log.warn({ err }, 'incident building failed, retrying');
        if (!(err instanceof Unavailable) || err.code === 'STORE_TIMEOUT') isOneByOne = true;
        await sleep(retryMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #takeAll(batches: IncidentBatches, signal: AbortSignal): Promise<void> {
    let called = Promise.withResolvers<void>();
    const forget = this.bus.onCall('alerts', () => called.resolve());
    try {
      while (!signal.aborted) {
        called = Promise.withResolvers();
        const intake = await this.journal.waiting(alertsPerBatch, matchesPerBatch);
        const { alerts, matches } = intake;
        const hasInput = alerts.length + matches.length > 0;
        if (hasInput || batches.dueInMs(Date.now()) <= 0) this.metrics.applied(await batches.take(intake, Date.now()));
        if (alerts.length < alertsPerBatch && matches.length < matchesPerBatch) {
          const waitMs = Math.min(pollMs, Math.max(batches.dueInMs(Date.now()), 0));
          await Promise.race([called.promise, pause(waitMs, signal)]);
          await pause(debounceMs, signal);
        }
      }
    } finally {
      forget();
    }
    await batches.end(Date.now());
  }

  /**
   * Takes the oldest alert or match alone. If that fails too, it becomes a dead letter and its
   * results are lost.
   */
  async #takeOne(batches: IncidentBatches): Promise<void> {
    const { alerts, matches } = await this.journal.waiting(1, 1);
    const intake = alerts.length > 0 ? { alerts, matches: [] } : { alerts, matches };
    const [alert, match] = [intake.alerts[0], intake.matches[0]];
    try {
      this.metrics.applied(await batches.take(intake, Date.now()));
    } catch (err) {
      if (err instanceof Unavailable) throw err;
      if (alert) await this.deadLetters.alert(alert, err);
      if (match) await this.deadLetters.match(match, err);
      await batches.setAside(intake, Date.now());
    }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
