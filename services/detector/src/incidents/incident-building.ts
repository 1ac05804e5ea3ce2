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

const alertsPerTurn = 500;
const matchesPerTurn = 2_000;
/** Longest wait of an alert whose bus call got lost. */
const pollMs = 1_000;
/** Debounce time, so that consecutive alerts share a turn: each turn costs a commit, and users see no difference. */
const breathMs = 25;
const retryMs = 500;

/** Builds incidents from alerts. There is one builder for all partitions: a campaign keeps to none of them. */
@Injectable()
export class IncidentBuilding implements LeasedWork {
  readonly names = ['incidents'];

  constructor(
    private readonly journal: IncidentJournal,
    private readonly engines: Engines,
    private readonly givenUp: DeadLetterWriter,
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

  /** Returns when it is stopped. @throws Unavailable `LEASE_LOST` */
  async #run(lease: DetectorLease, signal: AbortSignal): Promise<void> {
    // After a failure, takes inputs one by one, which finds the one whose results cannot be stored.
    let isOneByOne = false;
    const correlations = (state: Uint8Array | null) => this.engines.wideCorrelations(lease.name, state);
    while (!signal.aborted) {
      try {
        const turns = await IncidentBatches.resume(lease, this.journal, correlations, this.log);
        if (isOneByOne) await this.#takeOne(turns);
        isOneByOne = false;
        await this.#takeAll(turns, signal);
      } catch (err) {
        if (err instanceof Unavailable && err.code === 'LEASE_LOST') throw err;
        this.log.warn({ err }, 'incidents wait');
        if (!(err instanceof Unavailable)) isOneByOne = true;
        await sleep(retryMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #takeAll(turns: IncidentBatches, signal: AbortSignal): Promise<void> {
    let called = Promise.withResolvers<void>();
    const forget = this.bus.onCall('alerts', () => called.resolve());
    try {
      while (!signal.aborted) {
        called = Promise.withResolvers();
        const intake = await this.journal.waiting(alertsPerTurn, matchesPerTurn);
        const { alerts, matches } = intake;
        const hasNews = alerts.length + matches.length > 0;
        if (hasNews || turns.dueInMs(Date.now()) <= 0) this.metrics.applied(await turns.take(intake, Date.now()));
        if (alerts.length < alertsPerTurn && matches.length < matchesPerTurn) {
          const waitMs = Math.min(pollMs, Math.max(turns.dueInMs(Date.now()), 0));
          await Promise.race([called.promise, pause(waitMs, signal)]);
          await pause(breathMs, signal);
        }
      }
    } finally {
      forget();
    }
    await turns.end(Date.now());
  }

  /** Takes the oldest alert or match alone; when that fails too, it is set aside, and its results are lost with it. */
  async #takeOne(turns: IncidentBatches): Promise<void> {
    const { alerts, matches } = await this.journal.waiting(1, 1);
    const intake = alerts.length > 0 ? { alerts, matches: [] } : { alerts, matches };
    const [alert, match] = [intake.alerts[0], intake.matches[0]];
    try {
      this.metrics.applied(await turns.take(intake, Date.now()));
    } catch (err) {
      if (err instanceof Unavailable) throw err;
      if (alert) await this.givenUp.alert(alert, err);
      if (match) await this.givenUp.match(match, err);
      await turns.setAside(intake, Date.now());
    }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
