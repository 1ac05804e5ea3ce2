import { setTimeout as sleep } from 'node:timers/promises';

import { Injectable } from '@nestjs/common';
import { Bus } from '@tidewaiter/bus';
import { Unavailable } from '@tidewaiter/domain';
import { Logger } from '@tidewaiter/runtime';
import type { DetectorLease } from '@tidewaiter/store';

import { DetectorMetrics } from './detector-metrics.js';
import type { Duty, DutyKind } from './duties.js';
import { GivenUp } from './given-up.js';
import { IncidentJournal } from './incident-journal.js';
import { IncidentTurns } from './incident-turns.js';

const alertsPerTurn = 500;
/** How long an alert may lie when the call about it got lost. */
const pollMs = 1_000;
/** How often incidents are looked at that may have ended, when there are no alerts. */
const quietTurnMs = 60_000;
/** Alerts that come one after the other share a turn: each costs a commit, and people see no difference. */
const breathMs = 25;
const retryMs = 500;

/** Builds incidents of alerts. There is one builder for all: a campaign keeps to no partition. */
@Injectable()
export class IncidentBuilding implements DutyKind {
  readonly names = ['incidents'];

  constructor(
    private readonly journal: IncidentJournal,
    private readonly givenUp: GivenUp,
    private readonly bus: Bus,
    private readonly metrics: DetectorMetrics,
    private readonly log: Logger,
  ) {}

  async begin(lease: DetectorLease, lost: () => void): Promise<Duty> {
    const stopping = new AbortController();
    const running = this.#run(lease, stopping.signal).catch((err: unknown) => {
      this.log.warn({ lease: lease.name, err }, 'lease lost');
      lost();
    });
    return {
      handOver: async () => {
        stopping.abort();
        await running;
      },
      abandon: () => stopping.abort(),
    };
  }

  /** Ends when it is stopped. @throws Unavailable `LEASE_LOST` */
  async #run(lease: DetectorLease, signal: AbortSignal): Promise<void> {
    // After a failure one by one, which finds the alert that nothing can be kept of.
    let atOnce = alertsPerTurn;
    while (!signal.aborted) {
      try {
        const turns = new IncidentTurns(lease, this.journal, this.log);
        await turns.catchUp();
        if (atOnce === 1) await this.#takeOne(turns);
        atOnce = alertsPerTurn;
        await this.#takeAll(turns, signal);
      } catch (err) {
        if (err instanceof Unavailable && err.code === 'LEASE_LOST') throw err;
        this.log.warn({ err }, 'incidents wait');
        if (!(err instanceof Unavailable)) atOnce = 1;
        await sleep(retryMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #takeAll(turns: IncidentTurns, signal: AbortSignal): Promise<void> {
    let called = Promise.withResolvers<void>();
    const forget = this.bus.onCall('alerts', () => called.resolve());
    try {
      while (!signal.aborted) {
        called = Promise.withResolvers();
        const alerts = await this.journal.waiting(alertsPerTurn);
        if (alerts.length > 0 || turns.idleMs(Date.now()) > quietTurnMs) {
          this.metrics.applied(await turns.take(alerts, Date.now()));
        }
        if (alerts.length < alertsPerTurn) {
          await Promise.race([called.promise, pause(pollMs, signal)]);
          await pause(breathMs, signal);
        }
      }
    } finally {
      forget();
    }
    await turns.end(Date.now());
  }

  /** The oldest alert alone; when that fails too, it is set aside, and what it led to is lost with it. */
  async #takeOne(turns: IncidentTurns): Promise<void> {
    const [alert] = await this.journal.waiting(1);
    if (!alert) return;
    try {
      this.metrics.applied(await turns.take([alert], Date.now()));
    } catch (err) {
      if (err instanceof Unavailable) throw err;
      await this.givenUp.alert(alert, err);
      await turns.setAside(alert, Date.now());
    }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
