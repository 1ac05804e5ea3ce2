import { cpus, totalmem } from 'node:os';

import { failpointCatalog } from '@tidewaiter/runtime';

import { faultKinds } from './schedule.ts';
import type { BatchOutcome } from './suite.ts';

export interface FaultRun {
  seed: number;
  seconds: number;
  /** Failpoints that a process has passed. */
  visited: ReadonlySet<string>;
  /** Failpoints at which a process was killed. */
  killedAt: ReadonlySet<string>;
}

/** The report of a run, as a page. */
export function faultReport(outcomes: readonly BatchOutcome[], { seed, seconds, visited, killedAt }: FaultRun): string {
  const sum = (of: (outcome: BatchOutcome) => number) => outcomes.reduce((total, outcome) => total + of(outcome), 0);
  const recoveries = outcomes.flatMap(({ findings }) => findings.recoveryMs ?? []).toSorted((a, b) => a - b);
  const names = Object.keys(failpointCatalog);
  const schedules = sum((outcome) => outcome.schedules.length);
  const faults = outcomes.flatMap(({ schedules: some, skipped: left }) =>
    some.flatMap((schedule) => schedule.faults.filter((fault) => !left.includes(fault)).map(({ kind }) => kind)),
  );
  const skipped = new Set(outcomes.flatMap((outcome) => outcome.skipped.map(({ kind }) => kind)));
  const bad = outcomes.filter(({ findings }) => findings.violations.length > 0);
  const rows: [string, string | number][] = [
    ['seed', seed],
    ['schedules', schedules],
    ['looks at everything', outcomes.length],
    ['webhooks', sum(({ webhooks }) => webhooks)],
    ['runtime events', sum(({ events }) => events)],
    ['lost', sum(({ findings }) => findings.lost)],
    ['doubled', sum(({ findings }) => findings.doubled)],
    ['messages repeated under their own id', sum(({ findings }) => findings.repeats)],
    ['looks with a violation', bad.length],
    ['recovery, median', duration(recoveries[Math.floor(recoveries.length / 2)])],
    ['recovery, longest', duration(recoveries.at(-1))],
    ['longest until everything had ended', duration(Math.max(0, ...outcomes.map(({ drainMs }) => drainMs)))],
    ['time', `${Math.round(seconds)} s, ${(seconds / Math.max(1, schedules)).toFixed(1)} s a schedule`],
    ['machine', `${cpus().length} processors, ${Math.round(totalmem() / 2 ** 30)} GiB`],
    ['failpoints passed', `${names.filter((name) => visited.has(name)).length} of ${names.length}`],
    ['failpoints killed at', `${killedAt.size} of ${names.length}`],
  ];
  const counts = faultKinds.map(
    (kind) => `| ${kind} | ${skipped.has(kind) ? 'skipped' : faults.filter((each) => each === kind).length} |`,
  );
  return `| run | |
| --- | --- |
${rows.map(([name, value]) => `| ${name} | ${value} |`).join('\n')}

| fault | times |
| --- | --- |
${counts.join('\n')}

Failpoints not passed: ${names.filter((name) => !visited.has(name)).join(', ') || 'none'}.
${bad.length === 0 ? '' : `\nViolations:\n\n${bad.map(violationsOf).join('\n')}\n`}`;
}

function violationsOf({ schedules, findings }: BatchOutcome): string {
  const counts = Map.groupBy(findings.violations, ({ invariant }) => invariant);
  const some = [...counts].map(([invariant, all]) => `${invariant} ${all.length} (${all[0]!.what.split('\n')[0]})`);
  return `- schedules ${schedules.map(({ number }) => number).join(', ')}: ${some.join('; ')}`;
}

function duration(ms: number | undefined): string {
  return ms === undefined ? '-' : `${(ms / 1_000).toFixed(1)} s`;
}
