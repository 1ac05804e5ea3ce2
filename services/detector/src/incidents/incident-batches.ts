import { type DetectionAlert, IncidentBuilder, type WideCorrelations, type WideMatch } from '@tidewaiter/detection';
import type { IncidentChange } from '@tidewaiter/domain';
import type { Logger } from '@tidewaiter/runtime';
import type { AppliedChanges, DetectorLease } from '@tidewaiter/store';

import { joinStates, splitStates } from '../partitions/snapshot-codec.js';
import { SteadyClock } from '../steady-clock.js';
import type { BatchInput, IncidentBatch, IncidentJournal } from './incident-journal.js';

const snapshotMs = 10_000;
/** Snapshots take at most a twentieth of the time, however large the memory. */
const snapshotShare = 20;
/**
 * Interval of batches without input: matches wait for earlier ones, windows close, incidents end.
 */
const idleMs = { matchesWait: 500, groupsLive: 5_000, otherwise: 60_000 };

/** Creates the correlations over all partitions from a snapshot. */
type MakeCorrelations = (state: Uint8Array | null) => WideCorrelations;

/** Result of a batch. */
interface Outcome {
  fired: DetectionAlert[];
  changes: IncidentChange[];
}

/**
 * Runs the incident builder and the correlations over all partitions in batches. A batch is
 * identified by its time, which alone moves their clocks: replaying the batches after a snapshot
 * gives the same results.
 */
export class IncidentBatches {
  readonly #builder = new IncidentBuilder();
  #batch = 0;
  #clock = new SteadyClock(null);
  #commits = 0;
  #snapshotDue = performance.now() + snapshotMs;
  #hasChanges = false;

  private constructor(
    private readonly lease: DetectorLease,
    private readonly journal: IncidentJournal,
    private readonly correlations: WideCorrelations,
    private readonly log: Logger,
  ) {}

  /** Replays the batches of earlier builders, whose results are already stored. */
  static async resume(
    lease: DetectorLease,
    journal: IncidentJournal,
    makeCorrelations: MakeCorrelations,
    log: Logger,
  ): Promise<IncidentBatches> {
    const commits = await journal.commits(lease.name);
    const saved = await journal.restore(lease.name);
    const [builder = null, correlations = null] = saved ? splitStates(saved.state) : [];
    const batches = new IncidentBatches(lease, journal, makeCorrelations(correlations), log);
    batches.#commits = commits;
    if (saved && builder && batches.#restore(builder)) batches.#batch = saved.batch;
    for await (const { batch, ...intake } of journal.batchesAfter(batches.#batch)) {
      batches.#play(batch, intake);
      batches.#hasChanges = true;
    }
    batches.#clock = new SteadyClock(batches.#batch);
    return batches;
  }

  /** Time until the clock should advance without new input; zero or less means now. */
  dueInMs(nowMs: number): number {
    const { waiting, correlation } = this.correlations;
    const { matchesWait, groupsLive, otherwise } = idleMs;
    return (
      this.#batch -
      this.#clock.read(nowMs) +
      (waiting > 0 ? matchesWait : correlation.groups > 0 ? groupsLive : otherwise)
    );
  }

  /**
   * Takes the input, which may be empty, and resolves incidents that are due. @throws Unavailable
   * `LEASE_LOST`
   */
  async take(intake: BatchInput, nowMs: number): Promise<AppliedChanges> {
    const outcome = this.#play(this.#next(nowMs), intake);
    const { fired, changes } = outcome;
    this.#hasChanges ||= intake.alerts.length + intake.matches.length + fired.length + changes.length > 0;
    return this.#keep(intake, outcome);
  }

  /** Marks an input as taken whose results cannot be stored. */
  async setAside(intake: BatchInput, nowMs: number): Promise<void> {
    this.#batch = this.#next(nowMs);
    await this.#commit({ intake, fired: [], changes: [], memberships: [], state: null });
  }

  /** Stores a snapshot for the next builder. */
  async end(nowMs: number): Promise<void> {
    this.#snapshotDue = 0;
    if (this.#hasChanges) await this.take({ alerts: [], matches: [] }, nowMs);
  }

  /** Number of the next batch, its time in whole milliseconds. */
  #next(nowMs: number): number {
    return Math.max(Math.floor(this.#clock.read(nowMs)), this.#batch + 1);
  }

  /**
   * The second advance publishes at once incidents that only grew: published later, they would
   * depend on batches that are not stored.
   */
  #play(batch: number, { alerts, matches }: BatchInput): Outcome {
    this.#batch = batch;
    const fired = this.#correlate(batch, matches);
    const over = this.#builder.advance(batch);
    const added = alerts.flatMap((alert) => this.#add(alert));
    return { fired, changes: [...over, ...added, ...(alerts.length > 0 ? this.#builder.advance(batch) : [])] };
  }

  #restore(state: Uint8Array): boolean {
    try {
      this.#builder.restore(state);
      return true;
    } catch (err) {
      this.log.warn({ lease: this.lease.name, err }, 'snapshot of another version dropped');
      return false;
    }
  }

  #correlate(batch: number, matches: readonly WideMatch[]): DetectionAlert[] {
    try {
      const fired = this.correlations.advance(batch);
      for (const match of matches) this.correlations.add(match);
      return fired;
    } catch (err) {
      // As in {@link #add}.
      this.log.error({ matches: matches.map(({ id }) => id), err }, 'correlation failed');
      return [];
    }
  }

  #add(alert: DetectionAlert): IncidentChange[] {
    try {
      return this.#builder.add(alert);
    } catch (err) {
      // A bug in the builder recurs at every replay and must not stop all other incidents.
      this.log.error({ alert: alert.id, rule: alert.rule.title, err }, 'incident update failed');
      return [];
    }
  }

  async #keep(intake: BatchInput, outcome: Outcome): Promise<AppliedChanges> {
    const memberships = intake.alerts.flatMap(({ id }) => {
      const incidentId = this.#builder.incidentOf(id);
      return incidentId === null ? [] : [{ alertId: id, incidentId }];
    });
    return this.#commit({ intake, ...outcome, memberships, state: this.#snapshot() });
  }

  async #commit(batch: Omit<IncidentBatch, 'number'>): Promise<AppliedChanges> {
    const { applied, commits } = await this.journal.keep(this.lease, { ...batch, number: this.#batch }, this.#commits);
    this.#commits = commits;
    return applied;
  }

  #snapshot(): Uint8Array | null {
    const began = performance.now();
    if (!this.#hasChanges || began < this.#snapshotDue) return null;
    const state = joinStates(this.#builder.snapshot(), this.correlations.snapshot());
    this.#snapshotDue = began + Math.max(snapshotMs, snapshotShare * (performance.now() - began));
    this.#hasChanges = false;
    return state;
  }
}
