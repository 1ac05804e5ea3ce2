/** Record of a run: a line of JSON for each sitting, and one for each look at everything in it. */
import { appendFileSync, readFileSync } from 'node:fs';

import { type FaultKind, faultKinds } from './schedule.ts';
import type { BatchOutcome } from './suite.ts';

/** One start of the program, of which a run of many schedules has several. */
export interface Sitting {
  /** Start time, which no other sitting has. */
  sitting: string;
  seed: number;
  arguments: string;
  machine: string;
}

/** Schedules that were checked together. */
export interface Look {
  schedules: number[];
  /** Faults that were made, by kind. */
  faults: Partial<Record<FaultKind, number>>;
  /** Kinds of faults that this machine does not allow. */
  skipped: FaultKind[];
  webhooks: number;
  events: number;
  lost: number;
  doubled: number;
  repeats: number;
  /** Violations with the first words of each invariant. */
  violations: string[];
  recoveryMs: number | null;
  drainMs: number;
  seconds: number;
  load: number;
  /** Failpoints that a process passed for the first time in this sitting. */
  passed: string[];
  /** Failpoints at which a process was killed for the first time in this sitting. */
  killedAt: string[];
}

export interface RecordedSitting extends Sitting {
  looks: Look[];
}

/** Collects the looks of a sitting, and appends each to a file at once for a run that is killed. */
export class Recorder {
  readonly sitting: RecordedSitting;
  readonly #file: string | undefined;
  readonly #passed = new Set<string>();
  readonly #killedAt = new Set<string>();

  constructor(sitting: Sitting, file?: string) {
    this.sitting = { ...sitting, looks: [] };
    this.#file = file;
    this.#append(sitting);
  }

  add(outcome: BatchOutcome, more: Pick<Look, 'seconds' | 'load' | 'passed' | 'killedAt'>): void {
    const look: Look = {
      ...lookOf(outcome),
      seconds: Math.round(more.seconds),
      load: Math.round(more.load * 10) / 10,
      passed: more.passed.filter((name) => !this.#passed.has(name)),
      killedAt: more.killedAt.filter((name) => !this.#killedAt.has(name)),
    };
    for (const name of look.passed) this.#passed.add(name);
    for (const name of look.killedAt) this.#killedAt.add(name);
    this.sitting.looks.push(look);
    this.#append(look);
  }

  #append(line: object): void {
    if (this.#file !== undefined) appendFileSync(this.#file, `${JSON.stringify(line)}\n`);
  }
}

/** Sittings of a file of records; the line at which a run was killed may be cut. */
export function readRecords(file: string): RecordedSitting[] {
  const sittings: RecordedSitting[] = [];
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const record = parsed(line);
    if (record === null) continue;
    if ('sitting' in record) sittings.push({ ...record, looks: [] });
    else sittings.at(-1)?.looks.push(record);
  }
  return sittings;
}

function parsed(line: string): Sitting | Look | null {
  try {
    return JSON.parse(line) as Sitting | Look;
  } catch {
    return null;
  }
}

function lookOf({ schedules, findings, skipped, webhooks, events, drainMs }: BatchOutcome) {
  const made = schedules.flatMap(({ faults }) => faults).filter((fault) => !skipped.includes(fault));
  const faults: Look['faults'] = {};
  for (const kind of faultKinds) {
    const times = made.filter((fault) => fault.kind === kind).length;
    if (times > 0) faults[kind] = times;
  }
  const { violations, lost, doubled, repeats, recoveryMs } = findings;
  return {
    ...{ schedules: schedules.map(({ number }) => number), faults },
    ...{ skipped: [...new Set(skipped.map(({ kind }) => kind))], webhooks, events, lost, doubled, repeats },
    violations: [...Map.groupBy(violations, ({ invariant }) => invariant)].map(
      ([invariant, all]) => `${invariant} ${all.length} (${all[0]!.what.split('\n')[0]!.slice(0, 160)})`,
    ),
    ...{ recoveryMs, drainMs },
  };
}
