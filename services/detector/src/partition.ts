import { setTimeout as sleep } from 'node:timers/promises';

import type { StreamMessage, StreamPlace } from '@tidewaiter/bus';
import type { Alert, WideMatch } from '@tidewaiter/detection';
import { type RuntimeRecord, TidewaiterError, Unavailable } from '@tidewaiter/domain';
import { ObservedMessage } from '@tidewaiter/events';
import type { Logger } from '@tidewaiter/runtime';
import type { DetectorLease, JudgedObject } from '@tidewaiter/store';

import type { Engine } from './engine.js';
import type { DetectorState, Found } from './partition-journal.js';

/** What a partition needs of the world. */
export interface PartitionWorld {
  /** Keeps what was found. @throws Unavailable `LEASE_LOST` */
  keep(lease: DetectorLease, found: Found): Promise<void>;
  /** Keeps a snapshot. @throws Unavailable `LEASE_LOST` */
  remember(lease: DetectorLease, snapshot: DetectorState): Promise<void>;
  attempt(lease: DetectorLease, place: StreamPlace): Promise<void>;
  /** Drops from the stream what a snapshot holds. */
  forget(place: StreamPlace): Promise<void>;
  /** Makes ready in memory what judging will ask for. */
  prepare(): Promise<void>;
  /** Does what takes time when it is this partition's turn. */
  inTurn<Result>(work: () => Result): Promise<Result>;
  /** Keeps what cannot be judged, with the reason: a whole message, or one record of it. */
  giveUp(message: StreamMessage, record: RuntimeRecord | null, error: unknown): Promise<void>;
  /** Keeps an alert that can never be kept as one, with the reason. */
  giveUpAlert(alert: Alert, error: unknown): Promise<void>;
  giveUpMatch(match: WideMatch, error: unknown): Promise<void>;
  giveUpObject(object: JudgedObject, error: unknown): Promise<void>;
  judged(records: readonly RuntimeRecord[], storedAtMs: number): void;
  /** How many partitions this replica reads, which share its time. */
  readers(): number;
  lost(): void;
}

/** A crash loses at most this much work; it is done again, never lost, and at full load takes a third of the time. */
const snapshotMs = 30_000;
/** Snapshots of all partitions together take at most a twentieth of the time, however large the memory. */
const snapshotShare = 20;
/** Reading waits while more alerts, matches and objects than this wait for PostgreSQL. */
const maxWaiting = 2_000;
const retryMs = 500;
/** After so many holders that were gone without a word, messages are taken one by one and by name. */
const patienceWithCrashes = 3;

/** One partition while this replica reads it: records in, alerts out, in the order of the stream. */
export class Partition {
  #place: StreamPlace | null;
  #judgedUpToMs: number | null = null;
  #alerts: Alert[] = [];
  #matches: WideMatch[] = [];
  #objects: JudgedObject[] = [];
  #keeping: Promise<void> | undefined;
  #remembering: Promise<void> | undefined;
  #snapshotDue: number;
  #hasNews = false;
  #isOver = false;
  #isLost = false;

  constructor(
    private readonly lease: DetectorLease,
    private readonly engine: Engine,
    private readonly world: PartitionWorld,
    private readonly log: Logger,
    from: StreamPlace | null,
    /** Spreads the snapshots of partitions that begin together. */
    firstSnapshotMs: number,
  ) {
    this.#place = from;
    this.#snapshotDue = performance.now() + firstSnapshotMs;
  }

  /** After which message to go on. */
  get place(): StreamPlace | null {
    return this.#place;
  }

  /** When the stream took the last message that was judged here. */
  get judgedUpToMs(): number | null {
    return this.#judgedUpToMs;
  }

  /** Alerts, matches and objects that are not kept yet. */
  get waiting(): number {
    return this.#alerts.length + this.#matches.length + this.#objects.length;
  }

  /** Judges the records of a message. Never throws: what cannot be judged is given up, and an outage is waited for. */
  async take(message: StreamMessage): Promise<void> {
    if (this.#isOver) return;
    await this.#untilDone(async () => this.#judge(message));
    // Before time moves on: what waits now is judged then.
    await this.#untilDone(async () => this.world.prepare());
    if (this.#isOver) return;
    this.#place = message.place;
    this.#judgedUpToMs = message.storedAtMs;
    this.#hasNews = true;
    await this.#keepSoon();
  }

  /** Moves the time on, where no record does: what waited for order or for the end of a window is judged. */
  tick(nowMs: number): void {
    if (this.#isOver) return;
    this.#add(this.engine.advance(nowMs));
    void this.#keepSoon();
  }

  /** Judges nothing any more, and keeps what it has come to. */
  async handOver(): Promise<void> {
    await this.#keeping;
    await this.#remembering;
    if (this.#isOver) return;
    this.#isOver = true;
    await this.#keep(this.#hasNews);
    await this.#remembering;
  }

  abandon(): void {
    this.#isOver = true;
  }

  async #judge(message: StreamMessage): Promise<void> {
    try {
      await this.#lookOut(message);
      const observed = new ObservedMessage(message.data);
      const records = observed.records();
      const failures = await this.world.inTurn(() => this.#observe(records, observed, message.storedAtMs));
      if (this.#isOver) return;
      this.world.judged(records, message.storedAtMs);
      for (const { record, error } of failures) await this.world.giveUp(message, record, error);
    } catch (error) {
      if (error instanceof Unavailable) throw error;
      await this.world.giveUp(message, null, error);
    }
  }

  /** A record that shows a bug of ours costs that record, not those beside it. */
  #observe(
    records: readonly RuntimeRecord[],
    source: ObservedMessage,
    storedAtMs: number,
  ): { record: RuntimeRecord; error: unknown }[] {
    const failures: { record: RuntimeRecord; error: unknown }[] = [];
    if (this.#isOver) return failures;
    // By the time at which NATS took it, so that a replay comes to the same as the first reading.
    this.#add(this.engine.advance(storedAtMs));
    for (const [index, record] of records.entries()) {
      for (const each of record.judgements ?? []) this.#objects.push({ ...each, cluster: record.cluster });
      try {
        this.#add(this.engine.observe(record, source, index));
      } catch (error) {
        failures.push({ record, error });
      }
    }
    return failures;
  }

  /** A message that ends the process tells nothing; that it was the one in hand each time is all there is to know. */
  async #lookOut({ place }: StreamMessage): Promise<void> {
    if (this.lease.crashes < patienceWithCrashes) return;
    if (this.lease.attempting === place.sequence) {
      this.lease.attempting = null;
      throw new TidewaiterError('READER_KILLED', 'the process that judged it was gone each time');
    }
    await this.world.attempt(this.lease, place);
  }

  #add(alerts: readonly Alert[]): void {
    for (const alert of alerts) this.#alerts.push(alert);
    for (const match of this.engine.takeMatches()) this.#matches.push(match);
  }

  /** Starts keeping where there is something to keep; waits for it only when too much does. */
  async #keepSoon(): Promise<void> {
    if (this.waiting === 0 && !this.#isSnapshotDue()) return;
    this.#keeping ??= this.#keepAll().finally(() => (this.#keeping = undefined));
    if (this.waiting > maxWaiting) await this.#keeping;
  }

  async #keepAll(): Promise<void> {
    while (!this.#isOver && (this.waiting > 0 || this.#isSnapshotDue())) await this.#keep(this.#isSnapshotDue());
  }

  #isSnapshotDue(): boolean {
    return this.#hasNews && this.#remembering === undefined && performance.now() >= this.#snapshotDue;
  }

  /** Alerts and memory are taken in one step, and kept in this order: a snapshot never lacks what led to an alert that is not kept. */
  async #keep(withSnapshot: boolean): Promise<void> {
    const found = { alerts: this.#alerts, matches: this.#matches, objects: this.#objects };
    this.#alerts = [];
    this.#matches = [];
    this.#objects = [];
    const snapshot = withSnapshot ? this.#snapshot() : null;
    if (countOf(found) > 0) await this.#untilDone(async () => this.#keepEach(found));
    if (snapshot && !this.#isLost)
      this.#remembering = this.#remember(snapshot).finally(() => (this.#remembering = undefined));
  }

  /** Alerts that come meanwhile do not wait for it: a memory takes long to pack and to write. */
  async #remember(snapshot: DetectorState): Promise<void> {
    await this.#untilDone(async () => this.world.remember(this.lease, snapshot));
    if (!this.#isOver) await this.world.forget(snapshot.place).catch(() => undefined);
  }

  #snapshot(): DetectorState | null {
    if (this.#place === null) return null;
    const began = performance.now();
    const state = this.engine.snapshot();
    const tookMs = performance.now() - began;
    this.#snapshotDue = began + Math.max(snapshotMs, snapshotShare * tookMs * this.world.readers());
    this.#hasNews = false;
    return { place: this.#place, state };
  }

  /** What can never be kept must not keep the rest from it: halving finds it in few steps. */
  async #keepEach(found: Found): Promise<void> {
    try {
      await this.world.keep(this.lease, found);
    } catch (error) {
      if (error instanceof Unavailable) throw error;
      if (countOf(found) === 1) return this.#giveUp(found, error);
      for (const half of halvesOf(found)) await this.#keepEach(half);
    }
  }

  async #giveUp({ alerts: [alert], matches: [match], objects: [object] }: Found, error: unknown): Promise<void> {
    if (alert) await this.world.giveUpAlert(alert, error);
    if (match) await this.world.giveUpMatch(match, error);
    if (object) await this.world.giveUpObject(object, error);
  }

  /** Repeats work while PostgreSQL is away; ends everything when the lease is lost. */
  async #untilDone(work: () => Promise<void>): Promise<void> {
    for (let failures = 0; ; failures += 1) {
      try {
        return await work();
      } catch (err) {
        if (err instanceof Unavailable && err.code === 'LEASE_LOST') return this.#lose();
        if (failures === 0) this.log.warn({ lease: this.lease.name, err }, 'partition waits');
        if (this.#isOver) return;
        await sleep(retryMs);
      }
    }
  }

  #lose(): void {
    if (this.#isLost) return;
    this.#isOver = this.#isLost = true;
    this.world.lost();
  }
}

const countOf = ({ alerts, matches, objects }: Found): number => alerts.length + matches.length + objects.length;

/** One half is of alerts alone, or of matches, or of objects, where there are others beside them. */
function halvesOf({ alerts, matches, objects }: Found): [Found, Found] {
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
