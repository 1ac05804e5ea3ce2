/**
 * Cost of correlation: events a CPU second, memory for each live group, and duration of a snapshot.
 * See README.md.
 */
import { spawnSync } from 'node:child_process';
import { loadavg } from 'node:os';
import { argv, cpuUsage, execPath, memoryUsage } from 'node:process';

import { Correlator, loadRules } from '@tidewaiter/sigma';
import type { CorrelationRule, RuleInfo } from '@tidewaiter/sigma';

import { nodeFlags } from './measure.ts';

const startMs = Date.UTC(2026, 0, 1);
const eventsPerRun = 1_000_000;

interface Case {
  correlation: string;
  groups: number;
  /** Number of events of each group before the measurement, matching the named rules in turn. */
  eventsBefore: number;
  rules: readonly string[];
}

const counting = 'type: event_count\n  condition: { gte: 20 }\n  rules: [first]';
const values = 'type: value_count\n  condition: { field: Port, gte: 10 }\n  rules: [first]';
const ordered = 'type: temporal_ordered\n  rules: [first, second]';
const median = 'type: value_median\n  condition: { field: Port, gte: 1000000 }\n  rules: [first]';
const first = ['first'];
const inTurn = ['second', 'first'];

const cases: Readonly<Record<string, Case>> = {
  'event_count, 1 k groups': { correlation: counting, groups: 1_000, eventsBefore: 30, rules: first },
  'event_count, 100 k groups': { correlation: counting, groups: 100_000, eventsBefore: 2, rules: first },
  'event_count, 1 M groups': { correlation: counting, groups: 1_000_000, eventsBefore: 1, rules: first },
  'event_count, 1 M groups of two': { correlation: counting, groups: 1_000_000, eventsBefore: 2, rules: first },
  'value_count, 100 k groups': { correlation: values, groups: 100_000, eventsBefore: 2, rules: first },
  'value_count, 1 M groups': { correlation: values, groups: 1_000_000, eventsBefore: 1, rules: first },
  'temporal_ordered, 1 k groups': { correlation: ordered, groups: 1_000, eventsBefore: 30, rules: inTurn },
  'temporal_ordered, 100 k groups': { correlation: ordered, groups: 100_000, eventsBefore: 2, rules: inTurn },
  'temporal_ordered, 1 M groups': { correlation: ordered, groups: 1_000_000, eventsBefore: 2, rules: inTurn },
  'value_median at close, 1 M groups': { correlation: median, groups: 1_000_000, eventsBefore: 1, rules: first },
};

const [, script, chosen] = argv;
if (chosen === undefined) inProcessesOfTheirOwn();
else measure(cases[chosen]!);

/** Runs each case in its own process, so that leftovers of one do not affect the next. */
function inProcessesOfTheirOwn(): void {
  console.log(
    `load ${loadavg()[0]!.toFixed(1)}; times are CPU times; memory is that before the events that are timed\n`,
  );
  console.log(`${''.padEnd(34)} events/s     groups  bytes each  process  snapshot  written    read`);
  for (const name of Object.keys(cases)) {
    const child = spawnSync(execPath, [...nodeFlags, '--expose-gc', script!, name], { encoding: 'utf8' });
    if (child.status !== 0) throw new Error(child.stderr);
    console.log(`${name.padEnd(34)} ${child.stdout.trimEnd()}`);
  }
}

function measure({ correlation, groups, eventsBefore, rules: names }: Case): void {
  const { correlations, rules } = load(correlation);
  const matched = names.map((name) => rules.filter((rule) => rule.name === name));
  const correlator = new Correlator(correlations);
  const feed = (from: number, count: number) => {
    for (let number = from; number < from + count; number += 1) {
      const rules = matched[Math.floor(number / groups) % matched.length]!;
      correlator.observe({
        id: idOf(number),
        timeMs: startMs + Math.floor(number / 100),
        event: eventOf(number, groups),
        rules,
      });
    }
  };
  const before = resident();
  feed(0, groups * eventsBefore);
  const { groups: live } = correlator.figures;
  const after = resident();
  const tookMs = timed(() => feed(groups * eventsBefore, eventsPerRun));
  let snapshot: Uint8Array = new Uint8Array();
  const writtenMs = timed(() => (snapshot = correlator.snapshot()));
  const readMs = timed(() => new Correlator(correlations).restore(snapshot));
  const columns: [string, number][] = [
    [Math.round((eventsPerRun / tookMs) * 1_000).toLocaleString('en'), 9],
    [live.toLocaleString('en'), 10],
    [((after - before) / live).toFixed(0), 11],
    [`${(after / 1e6).toFixed(0)} MB`, 8],
    [`${(snapshot.length / 1e6).toFixed(1)} MB`, 9],
    [`${writtenMs.toFixed(0)} ms`, 8],
    [`${readMs.toFixed(0)} ms`, 7],
  ];
  console.log(columns.map(([text, width]) => text.padStart(width)).join(' '));
}

function load(correlation: string): { correlations: readonly CorrelationRule[]; rules: readonly RuleInfo[] } {
  const rule = (name: string) =>
    `title: ${name}\nname: ${name}\nlogsource: { product: linux }\ndetection: { s: { kind: ${name} }, condition: s }\n---\n`;
  const text = `${rule('first')}${rule('second')}title: bench\ncorrelation:\n  ${correlation}\n  group-by: Container.Id\n  timespan: 1h\n`;
  const { correlations, rules, refused } = loadRules([{ path: 'bench.yml', text }]);
  if (refused.length > 0) throw new Error(JSON.stringify(refused));
  return { correlations, rules: rules.rules };
}

/** Event id with the length of Tetragon's. */
function idOf(number: number): string {
  return `node-17:${number.toString().padStart(24, '0')}:4711`;
}

function eventOf(number: number, groups: number) {
  const container = (number % groups).toString(16).padStart(12, '0');
  return {
    logsources: [],
    field: (name: string) => (name === 'Port' ? number % 65_536 : container),
    scalars: () => [],
  };
}

function resident(): number {
  globalThis.gc?.();
  return memoryUsage().rss;
}

/** CPU milliseconds, since the machine may be busy with other work. */
function timed(work: () => void): number {
  const start = cpuUsage();
  work();
  const { user, system } = cpuUsage(start);
  return (user + system) / 1_000;
}
