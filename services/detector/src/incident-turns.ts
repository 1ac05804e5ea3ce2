import { type Alert, IncidentBuilder, type WideCorrelations, type WideMatch } from '@tidewaiter/detection';
import type { IncidentChange } from '@tidewaiter/domain';
import type { Logger } from '@tidewaiter/runtime';
import type { AppliedChanges, DetectorLease } from '@tidewaiter/store';

import type { IncidentJournal, Intake } from './incident-journal.js';
import { joinStates, splitStates } from './packed.js';

const snapshotMs = 10_000;
/** Snapshots take at most a twentieth of the time, however large the memory. */
const snapshotShare = 20;
/** How long after a turn the next one comes when there is nothing new: matches wait for earlier ones, windows close, incidents end. */
const idleMs = { matchesWait: 500, groupsLive: 5_000, otherwise: 60_000 };

/** Makes correlations over all partitions that go on from a snapshot. */
type MakeCorrelations = (state: Uint8Array | null) => WideCorrelations;

/** What a turn led to. */
interface Outcome {
  fired: Alert[];
  changes: IncidentChange[];
}

/**
 * The builder of incidents, and correlations over all partitions, turn by turn. A turn is known by its time, by which alone their clocks move: taking
 * the turns after a snapshot again leads to what they led to the first time.
 */
export class IncidentTurns {
  readonly #builder = new IncidentBuilder();
  #turn = 0;
  #snapshotDue = performance.now() + snapshotMs;
  #hasNews = false;

  private constructor(
    private readonly lease: DetectorLease,
    private readonly journal: IncidentJournal,
    private readonly correlations: WideCorrelations,
    private readonly log: Logger,
  ) {}

  /** Remembers what builders before this one came to; what followed from it is kept already. */
  static async resume(
    lease: DetectorLease,
    journal: IncidentJournal,
    makeCorrelations: MakeCorrelations,
    log: Logger,
  ): Promise<IncidentTurns> {
    const saved = await journal.restore(lease.name);
    const [builder = null, correlations = null] = saved ? splitStates(saved.state) : [];
    const turns = new IncidentTurns(lease, journal, makeCorrelations(correlations), log);
    if (saved && builder && turns.#remember(builder)) turns.#turn = saved.turn;
    for await (const { turn, ...intake } of journal.turnsAfter(turns.#turn)) {
      turns.#play(turn, intake);
      turns.#hasNews = true;
    }
    return turns;
  }

  /** How long until the time should move on though there is nothing new; nothing or less: now. */
  dueInMs(nowMs: number): number {
    const { waiting, correlation } = this.correlations;
    const { matchesWait, groupsLive, otherwise } = idleMs;
    return this.#turn - nowMs + (waiting > 0 ? matchesWait : correlation.groups > 0 ? groupsLive : otherwise);
  }

  /** Takes what there is, perhaps nothing; incidents whose time has come end. @throws Unavailable `LEASE_LOST` */
  async take(intake: Intake, nowMs: number): Promise<AppliedChanges> {
    const outcome = this.#play(Math.max(nowMs, this.#turn + 1), intake);
    const { fired, changes } = outcome;
    this.#hasNews ||= intake.alerts.length + intake.matches.length + fired.length + changes.length > 0;
    return this.#keep(intake, outcome);
  }

  /** Counts as taken what nothing could be kept of that follows from it. */
  async setAside(intake: Intake, nowMs: number): Promise<void> {
    this.#turn = Math.max(nowMs, this.#turn + 1);
    await this.journal.keep(this.lease, {
      number: this.#turn,
      intake,
      fired: [],
      changes: [],
      memberships: [],
      state: null,
    });
  }

  /** Keeps the memory for the next builder. */
  async end(nowMs: number): Promise<void> {
    this.#snapshotDue = 0;
    if (this.#hasNews) await this.take({ alerts: [], matches: [] }, nowMs);
  }

  /** The second move of the clock tells at once what only grew: told later, it would depend on turns that nothing is kept of. */
  #play(turn: number, { alerts, matches }: Intake): Outcome {
    this.#turn = turn;
    const fired = this.#correlate(turn, matches);
    const over = this.#builder.advance(turn);
    const added = alerts.flatMap((alert) => this.#add(alert));
    return { fired, changes: [...over, ...added, ...(alerts.length > 0 ? this.#builder.advance(turn) : [])] };
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

  #correlate(turn: number, matches: readonly WideMatch[]): Alert[] {
    try {
      const fired = this.correlations.advance(turn);
      for (const match of matches) this.correlations.add(match);
      return fired;
    } catch (err) {
      // As below.
      this.log.error({ matches: matches.map(({ id }) => id), err }, 'matches not correlated');
      return [];
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

  async #keep(intake: Intake, outcome: Outcome): Promise<AppliedChanges> {
    const memberships = intake.alerts.flatMap(({ id }) => {
      const incidentId = this.#builder.incidentOf(id);
      return incidentId === null ? [] : [{ alertId: id, incidentId }];
    });
    return this.journal.keep(this.lease, {
      number: this.#turn,
      intake,
      ...outcome,
      memberships,
      state: this.#snapshot(),
    });
  }

  #snapshot(): Uint8Array | null {
    const began = performance.now();
    if (!this.#hasNews || began < this.#snapshotDue) return null;
    const state = joinStates(this.#builder.snapshot(), this.correlations.snapshot());
    this.#snapshotDue = began + Math.max(snapshotMs, snapshotShare * (performance.now() - began));
    this.#hasNews = false;
    return state;
  }
}
