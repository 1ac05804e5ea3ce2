import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

import { InvalidInput } from '@tidewaiter/domain';

import type { CorrelationRule } from './correlation-rule.js';
import type { Occurrence } from './occurrence-queue.js';
import type { Plan } from './plan.js';
import type { Take } from './routes.js';
import type { Scalar } from './scalar.js';
import { malformed, SnapshotReader, SnapshotWriter } from './snapshot-bytes.js';
import type { Memory } from './state/memory.js';

/** Format version: raise it when the meaning of the bytes changes. */
const version = 1;
const magic = 'TWCS';
const checksumLength = 4;

export interface SnapshotContent {
  plans: readonly Plan[];
  memory: Memory;
  waiting: readonly Occurrence[];
  clockMs: number;
  watermarkMs: number;
  counters: readonly number[];
}

export type SnapshotHead = Pick<SnapshotContent, 'waiting' | 'clockMs' | 'watermarkMs' | 'counters'>;

export function writeSnapshot(content: SnapshotContent): Uint8Array {
  const writer = new SnapshotWriter();
  writer.text(magic);
  writer.uint(version);
  new Writing(writer, content).write();
  const body = writer.finish();
  const bytes = Buffer.allocUnsafe(body.length + checksumLength);
  body.copy(bytes);
  bytes.writeUInt32LE(crc32(body), body.length);
  return bytes;
}

/**
 * Fills an empty memory with the groups of unchanged correlations.
 * @throws InvalidInput
 */
export function readSnapshot(bytes: Uint8Array, plans: readonly Plan[], memory: Memory): SnapshotHead {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = all.length - checksumLength;
  if (end < 0 || crc32(all.subarray(0, end)) !== all.readUInt32LE(end)) throw malformed();
  const reader = new SnapshotReader(all.subarray(0, end));
  if (reader.text() !== magic) throw malformed();
  const found = reader.uint();
  if (found !== version)
    throw new InvalidInput(
      'SNAPSHOT_VERSION',
      `the snapshot has version ${found}; this program reads version ${version}`,
    );
  return new Reading(reader, plans, memory).read();
}

/** Fingerprint of the settings that state depends on: it must not be restored when they differ. */
function fingerprintOf({
  info,
  type,
  rules,
  groupBy,
  aliases,
  timespanMs,
  condition,
  fields,
  percentile,
}: CorrelationRule) {
  const mappings = [...aliases].map(([alias, mapping]) => [alias, [...mapping]]);
  const what = [info.id, info.name, type, rules, groupBy, mappings, timespanMs, condition, fields, percentile];
  return createHash('sha256').update(JSON.stringify(what)).digest('base64');
}

const evidenceKinds = { event: 0, chain: 1, firing: 2 } as const;

/**
 * Base of times, which are written as differences to the clock to save bytes. Fractions would not
 * survive the subtraction.
 */
function baseOf(clockMs: number): number {
  return Number.isInteger(clockMs) ? clockMs : 0;
}

class Writing {
  readonly #memory: Memory;
  readonly #baseMs: number;
  readonly #texts: Numbering;
  readonly #evidence: Numbering;

  constructor(
    private readonly writer: SnapshotWriter,
    private readonly content: SnapshotContent,
  ) {
    this.#memory = content.memory;
    this.#baseMs = baseOf(content.clockMs);
    this.#texts = new Numbering(this.#memory.texts.end);
    this.#evidence = new Numbering(this.#memory.evidence.end);
  }

  write(): void {
    const { plans, clockMs, watermarkMs, counters } = this.content;
    const { writer } = this;
    writer.number(clockMs);
    writer.number(watermarkMs);
    const all = [...counters, this.#memory.droppedGroups, this.#memory.droppedEntries];
    writer.uint(all.length);
    for (const counter of all) writer.number(counter);
    writer.uint(plans.length);
    plans.forEach((plan, correlation) => {
      writer.text(fingerprintOf(plan.rule));
      this.#groups(plan, correlation);
    });
    this.#waiting();
  }

  #groups({ measure, isEvaluatedAtClose, rule }: Plan, correlation: number): void {
    const { groups } = this.#memory;
    const idleBeforeMs = isEvaluatedAtClose ? -Infinity : this.content.watermarkMs - rule.timespanMs;
    for (let group = groups.oldest(correlation); group !== -1; group = groups.after(group)) {
      if (groups.timeMs[group]! < idleBeforeMs) continue;
      this.writer.uint(1);
      this.#group(group, measure.keeping.textual);
    }
    this.writer.uint(0);
  }

  #group(group: number, isTextual: boolean): void {
    const { groups, entries, carried } = this.#memory;
    this.#text(groups.key[group]!);
    this.#time(groups.timeMs[group]!);
    this.#time(groups.firedAtMs[group]!);
    this.writer.number(groups.count[group]!);
    this.writer.number(groups.sum[group]!);
    const fields = carried.get(group);
    this.writer.text(fields ? JSON.stringify(fields) : '');
    this.writer.uint(entries.size(group));
    for (let entry = entries.oldest(group); entry !== -1; entry = entries.after(entry)) {
      this.#time(entries.timeMs[entry]!);
      this.writer.uint(isTextual ? 1 : 0);
      if (isTextual) this.#text(entries.value[entry]!);
      else this.writer.number(entries.value[entry]!);
      this.#ids(entries.evidence[entry]!);
    }
  }

  /** Writes a text in full the first time, then its number. */
  #text(text: number): void {
    const { number, isNew } = this.#texts.numberOf(text);
    this.writer.uint(number);
    if (isNew) this.writer.text(this.#memory.texts.textOf(text));
  }

  #ids(evidence: number): void {
    const { number, isNew } = this.#evidence.numberOf(evidence);
    this.writer.uint(number);
    if (!isNew) return;
    const content = this.#memory.evidence.contentOf(evidence);
    if (typeof content === 'string') {
      this.writer.uint(evidenceKinds.event);
      this.writer.text(content);
    } else if ('before' in content) {
      this.writer.uint(evidenceKinds.chain);
      this.#ids(content.before);
      this.#ids(content.last);
    } else {
      this.writer.uint(evidenceKinds.firing);
      this.writer.uint(content.length);
      for (const id of content) this.writer.text(id);
    }
  }

  #time(timeMs: number): void {
    this.writer.number(Number.isInteger(timeMs) ? timeMs - this.#baseMs : timeMs);
  }

  #waiting(): void {
    const { waiting } = this.content;
    this.writer.uint(waiting.length);
    for (const { id, timeMs, takes } of waiting) {
      this.writer.text(id);
      this.writer.number(timeMs);
      this.writer.text(JSON.stringify(takes));
    }
  }
}

/** Numbers rows of a table in the order of their first use. */
class Numbering {
  readonly #numbers: Int32Array;
  #next = 1;

  constructor(rows: number) {
    this.#numbers = new Int32Array(rows);
  }

  numberOf(row: number): { number: number; isNew: boolean } {
    const known = this.#numbers[row]!;
    if (known !== 0) return { number: known - 1, isNew: false };
    this.#numbers[row] = this.#next;
    this.#next += 1;
    return { number: this.#next - 2, isNew: true };
  }
}

class Reading {
  #baseMs = 0;
  readonly #texts: string[] = [];
  readonly #evidence: number[] = [];

  constructor(
    private readonly reader: SnapshotReader,
    private readonly plans: readonly Plan[],
    private readonly memory: Memory,
  ) {}

  read(): SnapshotHead {
    const { reader } = this;
    const clockMs = reader.number();
    const watermarkMs = reader.number();
    this.#baseMs = baseOf(clockMs);
    const counters = Array.from({ length: reader.uint() }, () => reader.number());
    const places = new Map(this.plans.map(({ rule }, correlation) => [fingerprintOf(rule), correlation]));
    const known = Array.from({ length: reader.uint() }, () => {
      const place = places.get(reader.text());
      while (reader.uint() === 1) this.#group(place);
      return place;
    });
    const waiting = Array.from({ length: reader.uint() }, () => this.#waiting(known));
    for (const evidence of this.#evidence) this.memory.evidence.release(evidence);
    [this.memory.droppedGroups = 0, this.memory.droppedEntries = 0] = counters.splice(-2);
    return { waiting: waiting.filter(({ takes }) => takes.length > 0), clockMs, watermarkMs, counters };
  }

  /**
   * Reads a group. `correlation` is undefined if it no longer exists: its data is read and dropped.
   */
  #group(correlation: number | undefined): void {
    const { reader, memory } = this;
    const key = this.#text();
    const timeMs = this.#time();
    const firedAtMs = this.#time();
    const [count, sum] = [reader.number(), reader.number()];
    const carried = reader.text();
    let group = -1;
    if (correlation !== undefined) {
      group = memory.open(correlation, key, timeMs);
      memory.groups.firedAtMs[group] = firedAtMs;
      memory.groups.count[group] = count;
      memory.groups.sum[group] = sum;
      if (carried !== '') memory.carried.set(group, JSON.parse(carried) as Record<string, Scalar>);
    }
    this.#entries(group, correlation);
  }

  #entries(group: number, correlation: number | undefined): void {
    for (let rest = this.reader.uint(); rest > 0; rest -= 1) {
      const timeMs = this.#time();
      const isTextual = this.reader.uint() === 1;
      const value = isTextual ? this.#text() : this.reader.number();
      const evidence = this.#ids();
      if (correlation === undefined) continue;
      this.memory.append(group, timeMs, typeof value === 'string' ? this.memory.texts.hold(value) : value, evidence);
    }
  }

  #text(): string {
    const number = this.reader.uint();
    if (number === this.#texts.length) this.#texts.push(this.reader.text());
    const text = this.#texts[number];
    if (text === undefined) throw malformed();
    return text;
  }

  #ids(): number {
    const number = this.reader.uint();
    if (number === this.#evidence.length) {
      // Reserve the number before those of its parts are assigned.
      this.#evidence.push(-1);
      this.#evidence[number] = this.#newEvidence();
    }
    const evidence = this.#evidence[number];
    if (evidence === undefined) throw malformed();
    return evidence;
  }

  #newEvidence(): number {
    const { evidence } = this.memory;
    const kind = this.reader.uint();
    if (kind === evidenceKinds.event) return evidence.add(this.reader.text());
    if (kind === evidenceKinds.chain) return evidence.join(this.#ids(), this.#ids());
    return evidence.add(Array.from({ length: this.reader.uint() }, () => this.reader.text()));
  }

  #time(): number {
    const written = this.reader.number();
    return Number.isInteger(written) ? written + this.#baseMs : written;
  }

  #waiting(known: readonly (number | undefined)[]): Occurrence {
    const id = this.reader.text();
    const timeMs = this.reader.number();
    const takes = JSON.parse(this.reader.text()) as Take[];
    const still = takes.flatMap((take) => {
      const correlation = known[take.correlation];
      return correlation === undefined ? [] : [{ ...take, correlation }];
    });
    return { id, timeMs, takes: still.toSorted((a, b) => a.correlation - b.correlation) };
  }
}
