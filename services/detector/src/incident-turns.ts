import { type Alert, IncidentBuilder } from '@tidewaiter/detection';
import type { IncidentChange } from '@tidewaiter/domain';
import type { Logger } from '@tidewaiter/runtime';
import type { AppliedChanges, DetectorLease } from '@tidewaiter/store';

import type { IncidentJournal } from './incident-journal.js';

const snapshotMs = 10_000;
/** Snapshots take at most a twentieth of the time, however large the memory. */
const snapshotShare = 20;

/**
 * The builder of incidents, turn by turn. A turn is known by its time, by which alone the builder's clock moves: taking the turns after a
 * snapshot again leads to what they led to the first time.
 */
export class IncidentTurns {
  readonly #builder = new IncidentBuilder();
  #turn = 0;
  #snapshotDue = performance.now() + snapshotMs;
  #hasNews = false;

  constructor(
    private readonly lease: DetectorLease,
    private readonly journal: IncidentJournal,
    private readonly log: Logger,
  ) {}

  /** Remembers what builders before this one came to; what followed from it is kept already. */
  async catchUp(): Promise<void> {
    const saved = await this.journal.restore(this.lease.name);
    if (saved && this.#remember(saved.state)) this.#turn = saved.turn;
    for await (const { turn, alerts } of this.journal.turnsAfter(this.#turn)) {
      this.#play(turn, alerts);
      this.#hasNews = true;
    }
  }

  /** How long ago the last turn was. */
  idleMs(nowMs: number): number {
    return nowMs - this.#turn;
  }

  /** Takes alerts, perhaps none; incidents whose time has come end. @throws Unavailable `LEASE_LOST` */
  async take(alerts: readonly Alert[], nowMs: number): Promise<AppliedChanges> {
    const changes = this.#play(Math.max(nowMs, this.#turn + 1), alerts);
    this.#hasNews ||= alerts.length > 0 || changes.length > 0;
    return this.#keep(alerts, changes);
  }

  /** Counts an alert as taken though nothing could be kept that follows from it. */
  async setAside(alert: Alert, nowMs: number): Promise<void> {
    this.#turn = Math.max(nowMs, this.#turn + 1);
    await this.journal.keep(this.lease, {
      number: this.#turn,
      alerts: [alert],
      changes: [],
      memberships: [],
      state: null,
    });
  }

  /** Keeps the memory for the next builder. */
  async end(nowMs: number): Promise<void> {
    this.#snapshotDue = 0;
    if (this.#hasNews) await this.take([], nowMs);
  }

  /** The second move of the clock tells at once what only grew: told later, it would depend on turns that nothing is kept of. */
  #play(turn: number, alerts: readonly Alert[]): IncidentChange[] {
    this.#turn = turn;
    const over = this.#builder.advance(turn);
    const added = alerts.flatMap((alert) => this.#add(alert));
    return [...over, ...added, ...(alerts.length > 0 ? this.#builder.advance(turn) : [])];
  }

  #remember(state: Uint8Array): boolean {
    try {
      this.#builder.restore(state);
      return true;
    } catch (err) {
      this.log.warn({ lease: this.lease.name, err }, 'memory of another version dropped');
      return false;
    }
  }

  #add(alert: Alert): IncidentChange[] {
    try {
      return this.#builder.add(alert);
    } catch (err) {
      // A bug of ours, which shows again at every catching up and must not stop all other incidents.
      this.log.error({ alert: alert.id, rule: alert.rule.title, err }, 'alert not built with');
      return [];
    }
  }

  async #keep(alerts: readonly Alert[], changes: IncidentChange[]): Promise<AppliedChanges> {
    const memberships = alerts.flatMap(({ id }) => {
      const incidentId = this.#builder.incidentOf(id);
      return incidentId === null ? [] : [{ alertId: id, incidentId }];
    });
    return this.journal.keep(this.lease, {
      number: this.#turn,
      alerts,
      changes,
      memberships,
      state: this.#snapshot(),
    });
  }

  #snapshot(): Uint8Array | null {
    const began = performance.now();
    if (!this.#hasNews || began < this.#snapshotDue) return null;
    const state = this.#builder.snapshot();
    this.#snapshotDue = began + Math.max(snapshotMs, snapshotShare * (performance.now() - began));
    this.#hasNews = false;
    return state;
  }
}
