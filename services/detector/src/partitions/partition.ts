import { setTimeout as sleep } from 'node:timers/promises';

import type { StreamMessage, StreamPlace } from '@tidewaiter/bus';
import type { DetectionAlert, WideMatch } from '@tidewaiter/detection';
import { type RuntimeRecord, TidewaiterError, Unavailable } from '@tidewaiter/domain';
import { ObservedMessage } from '@tidewaiter/events';
import type { Logger } from '@tidewaiter/runtime';
import type { DetectorLease, EvaluatedObject } from '@tidewaiter/store';

import { SteadyClock } from '../steady-clock.js';
import type { PartitionEngine } from './engine.js';
import type { DetectorState, DetectorResults } from './partition-journal.js';

/** Dependencies of a partition. */
export interface PartitionDependencies {
  /** Stores results. @throws Unavailable `LEASE_LOST`, `MEMORY_OUTDATED` */
  keep(lease: DetectorLease, results: DetectorResults): Promise<void>;
  /** Stores a snapshot. @throws Unavailable `LEASE_LOST`, `MEMORY_OUTDATED` */
  remember(lease: DetectorLease, snapshot: DetectorState): Promise<void>;
  attempt(lease: DetectorLease, place: StreamPlace | null, attempts: number): Promise<void>;
  /** Runs work when no other partition of this replica does such. */
  alone(work: () => Promise<void>): Promise<void>;
  /** Drops messages from the stream that a snapshot covers. */
  forget(place: StreamPlace): Promise<void>;
  /** Prefetches the facts that the evaluation will need. */
  prepare(): Promise<void>;
  /** Runs work when it is this partition's turn. */
  schedule<Result>(work: () => Result): Promise<Result>;
  /**
   * Saves a message, or one record of it, that cannot be evaluated as a dead letter with the
   * reason.
   */
  deadLetter(message: StreamMessage, record: RuntimeRecord | null, error: unknown): Promise<void>;
  /** Saves an alert that can never be stored as a dead letter with the reason. */
  deadLetterAlert(alert: DetectionAlert, error: unknown): Promise<void>;
  deadLetterMatch(match: WideMatch, error: unknown): Promise<void>;
  deadLetterObject(object: EvaluatedObject, error: unknown): Promise<void>;
  evaluated(records: readonly RuntimeRecord[], storedAtMs: number): void;
  /** Number of partitions that this replica reads, which share its time. */
  readers(): number;
  lost(): void;
}

/**
 * Limit on work that a crash repeats; no result is lost, and at full load repeating takes a third
 * of the time.
 */
const snapshotMs = 30_000;
/**
 * Snapshots of all partitions together take at most a twentieth of the time, however large the
 * memory.
 */
const snapshotShare = 20;
/**
 * Backpressure: reading waits while more alerts, matches and objects than this wait for PostgreSQL.
 */
const maxWaiting = 2_000;
const retryMs = 500;
/** After so many crashed holders, messages are taken one by one, each recorded before. */
const patienceWithCrashes = 3;
/** Crashes at one message after which it is set aside: one of them may have another cause. */
const patienceWithMessage = 2;

/**
 * One partition while this replica reads it: records in, alerts out, in the order of the stream.
 */
export class Partition {
  readonly #clock: SteadyClock;
  #place: StreamPlace | null;
  #evaluatedUpToMs: number | null = null;
  #alerts: DetectionAlert[] = [];
  #matches: WideMatch[] = [];
  #objects: EvaluatedObject[] = [];
  #keeping: Promise<void> | undefined;
  #remembering: Promise<void> | undefined;
  #snapshotDue: number;
  #hasChanges = false;
  #isOver = false;
  #isLost = false;

  constructor(
    private readonly lease: DetectorLease,
    private readonly engine: PartitionEngine,
    private readonly dependencies: PartitionDependencies,
    private readonly log: Logger,
    from: StreamPlace | null,
    /** Jitter for the snapshots of partitions that start together. */
    firstSnapshotMs: number,
  ) {
    this.#place = from;
    this.#clock = new SteadyClock(engine.clockMs);
    this.#snapshotDue = performance.now() + firstSnapshotMs;
  }

  /** Position of the last message that was evaluated. */
  get place(): StreamPlace | null {
    return this.#place;
  }

  /** Time at which the stream took the last message that was evaluated. */
  get evaluatedUpToMs(): number | null {
    return this.#evaluatedUpToMs;
  }

  /** Number of alerts, matches and objects that are not stored yet. */
  get waiting(): number {
    return this.#alerts.length + this.#matches.length + this.#objects.length;
  }

  /**
   * Evaluates the records of a message. Never throws: a record that cannot be evaluated becomes a
   * dead letter, and an outage is waited out.
   */
  async take(message: StreamMessage): Promise<void> {
    if (this.#isOver) return;
    await this.#untilDone(async () => this.#evaluate(message));
    // Before the clock advances, which evaluates the events that wait now.
    await this.#untilDone(async () => this.dependencies.prepare());
    if (this.#isOver) return;
    this.#place = message.place;
    this.#evaluatedUpToMs = message.storedAtMs;
    this.#hasChanges = true;
    await this.#flushSoon();
  }

  /**
   * Advances the clock when no record does: evaluates events that waited for earlier ones or for
   * the end of a window.
   */
  tick(nowMs: number): void {
    if (this.#isOver) return;
    this.#add(this.engine.advance(this.#clock.read(nowMs)));
    void this.#flushSoon();
  }

  /** Stops evaluating, and stores its results and a snapshot. */
  async handOver(): Promise<void> {
    await this.#keeping;
    await this.#remembering;
    if (this.#isOver) return;
    this.#isOver = true;
    await this.#keep(this.#hasChanges);
    await this.#remembering;
  }

  abandon(): void {
    this.#isOver = true;
  }

  async #evaluate(message: StreamMessage): Promise<void> {
    if (this.lease.crashes < patienceWithCrashes) return this.#evaluateRecords(message);
    // Alone, or the process would end with a message of each partition recorded.
    return this.dependencies.alone(async () => this.#evaluateRecorded(message));
  }

  /**
   * A message that kills the process leaves no error; the only sign is that it was being evaluated
   * at each crash.
   */
  async #evaluateRecorded(message: StreamMessage): Promise<void> {
    const { attempting, attempts } = this.lease;
    const crashes = attempting === message.place.sequence ? attempts : 0;
    if (crashes >= patienceWithMessage) {
      const reason = 'the process that evaluated it was gone each time';
      return this.dependencies.deadLetter(message, null, new TidewaiterError('READER_KILLED', reason));
    }
    await this.dependencies.attempt(this.lease, message.place, crashes + 1);
    await this.#evaluateRecords(message);
    // An error would evaluate the message again.
    await this.dependencies.attempt(this.lease, null, 0).catch(() => undefined);
  }

  async #evaluateRecords(message: StreamMessage): Promise<void> {
    try {
      const observed = new ObservedMessage(message.data);
      const records = observed.records();
      const failures = await this.dependencies.schedule(() => this.#observe(records, observed, message.storedAtMs));
      if (this.#isOver) return;
      this.dependencies.evaluated(records, message.storedAtMs);
      for (const { record, error } of failures) await this.dependencies.deadLetter(message, record, error);
    } catch (error) {
      if (error instanceof Unavailable) throw error;
      await this.dependencies.deadLetter(message, null, error);
    }
  }

  /** A record that triggers a bug costs only that record, not those of its message. */
  #observe(
    records: readonly RuntimeRecord[],
    source: ObservedMessage,
    storedAtMs: number,
  ): { record: RuntimeRecord; error: unknown }[] {
    const failures: { record: RuntimeRecord; error: unknown }[] = [];
    if (this.#isOver) return failures;
    // Uses the time at which NATS took the message, so that a replay gives the same results as the
    // first reading.
    this.#add(this.engine.advance(this.#clock.read(storedAtMs)));
    for (const [index, record] of records.entries()) {
      for (const each of record.evaluations ?? []) this.#objects.push({ ...each, cluster: record.cluster });
      try {
        this.#add(this.engine.observe(record, source, index));
      } catch (error) {
        failures.push({ record, error });
      }
    }
    return failures;
  }

  #add(alerts: readonly DetectionAlert[]): void {
    for (const alert of alerts) this.#alerts.push(alert);
    for (const match of this.engine.takeMatches()) this.#matches.push(match);
  }

  /** Starts a flush if results wait; waits for it only when too many do. */
  async #flushSoon(): Promise<void> {
    if (this.waiting === 0 && !this.#isSnapshotDue()) return;
    this.#keeping ??= this.#keepAll().finally(() => (this.#keeping = undefined));
    if (this.waiting > maxWaiting) await this.#keeping;
  }

  async #keepAll(): Promise<void> {
    while (!this.#isOver && (this.waiting > 0 || this.#isSnapshotDue())) await this.#keep(this.#isSnapshotDue());
  }

  #isSnapshotDue(): boolean {
    return this.#hasChanges && this.#remembering === undefined && performance.now() >= this.#snapshotDue;
  }

  /**
   * Takes alerts and snapshot in one step, and stores them in this order: a stored snapshot never
   * covers records whose alerts are not stored.
   */
  async #keep(withSnapshot: boolean): Promise<void> {
    const results = { alerts: this.#alerts, matches: this.#matches, objects: this.#objects };
    this.#alerts = [];
    this.#matches = [];
    this.#objects = [];
    const snapshot = withSnapshot ? this.#snapshot() : null;
    if (countOf(results) > 0) await this.#untilDone(async () => this.#keepEach(results));
    if (snapshot && !this.#isLost)
      this.#remembering = this.#remember(snapshot).finally(() => (this.#remembering = undefined));
  }

  /** Alerts and records do not wait for the snapshot, which takes long to write and to compress. */
  async #remember({ place, steps, tookMs }: TakenSnapshot): Promise<void> {
    const state = await this.#write(steps, tookMs);
    if (state === null) return;
    const snapshot = { place, state };
    await this.#untilDone(async () => this.dependencies.remember(this.lease, snapshot));
    // As in PostgreSQL: crashes are counted since the last snapshot.
    this.lease.crashes = 0;
    if (!this.#isOver) await this.dependencies.forget(snapshot.place).catch(() => undefined);
  }

  #snapshot(): TakenSnapshot | null {
    if (this.#place === null) return null;
    const began = performance.now();
    const steps = this.engine.snapshotSteps();
    this.#snapshotDue = began + snapshotMs;
    this.#hasChanges = false;
    return { place: this.#place, steps, tookMs: performance.now() - began };
  }

  /** Writes a snapshot in turns with the evaluation of all partitions; null without a lease. */
  async #write(steps: Iterator<Uint8Array>, takenMs: number): Promise<Uint8Array | null> {
    const written: Uint8Array[] = [];
    let tookMs = takenMs;
    const writeNext = () => {
      const began = performance.now();
      const { done, value } = steps.next();
      tookMs += performance.now() - began;
      if (!done) written.push(value);
      return done;
    };
    while (!(await this.dependencies.schedule(writeNext))) if (this.#isLost) return null;
    this.#snapshotDue += Math.max(0, snapshotShare * tookMs * this.dependencies.readers() - snapshotMs);
    return Buffer.concat(written);
  }

  /** Bisects the results: one that can never be stored must not block the others. */
  async #keepEach(results: DetectorResults): Promise<void> {
    try {
      await this.dependencies.keep(this.lease, results);
    } catch (error) {
      if (error instanceof Unavailable) throw error;
      if (countOf(results) === 1) return this.#deadLetter(results, error);
      for (const half of halvesOf(results)) await this.#keepEach(half);
    }
  }

  async #deadLetter(
    { alerts: [alert], matches: [match], objects: [object] }: DetectorResults,
    error: unknown,
  ): Promise<void> {
    if (alert) await this.dependencies.deadLetterAlert(alert, error);
    if (match) await this.dependencies.deadLetterMatch(match, error);
    if (object) await this.dependencies.deadLetterObject(object, error);
  }

  /** Retries work during an outage of PostgreSQL; stops everything when the lease is over. */
  async #untilDone(work: () => Promise<void>): Promise<void> {
    for (let failures = 0; ; failures += 1) {
      try {
        return await work();
      } catch (err) {
        if (err instanceof Unavailable && isOver(err)) return this.#lose();
        if (failures === 0) this.log.warn({ lease: this.lease.name, err }, 'partition stalled, retrying');
        if (this.#isOver) return;
        await sleep(retryMs);
      }
    }
  }

  #lose(): void {
    if (this.#isLost) return;
    this.#isOver = this.#isLost = true;
    this.dependencies.lost();
  }
}

/** Snapshot that is not written yet. */
interface TakenSnapshot {
  place: StreamPlace;
  steps: Iterator<Uint8Array>;
  tookMs: number;
}

/** Whether another replica reads the partition by now, or it must be read from its snapshot. */
const isOver = ({ code }: Unavailable): boolean => code === 'LEASE_LOST' || code === 'MEMORY_OUTDATED';

const countOf = ({ alerts, matches, objects }: DetectorResults): number =>
  alerts.length + matches.length + objects.length;

/** Splits by kind if there are several: one half has only alerts, only matches, or only objects. */
function halvesOf({ alerts, matches, objects }: DetectorResults): [DetectorResults, DetectorResults] {
  const none = { alerts: [], matches: [], objects: [] };
  if (alerts.length > 0 && matches.length + objects.length > 0) {
    return [
      { ...none, alerts },
      { ...none, matches, objects },
    ];
  }
  if (matches.length > 0 && objects.length > 0) {
    return [
      { ...none, matches },
      { ...none, objects },
    ];
  }
  const half = <Item>(items: readonly Item[], at: number) => [items.slice(0, at), items.slice(at)] as const;
  const [firstAlerts, otherAlerts] = half(alerts, alerts.length >> 1);
  const [firstMatches, otherMatches] = half(matches, matches.length >> 1);
  const [firstObjects, otherObjects] = half(objects, objects.length >> 1);
  return [
    { alerts: firstAlerts, matches: firstMatches, objects: firstObjects },
    { alerts: otherAlerts, matches: otherMatches, objects: otherObjects },
  ];
}
