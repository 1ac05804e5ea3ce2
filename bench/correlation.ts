import { spawnSync } from 'node:child_process';
/** What correlation costs: events a second, bytes of a live group, and how long a snapshot takes. See README.md. */
import { loadavg } from 'node:os';
import { argv, execArgv, execPath, memoryUsage } from 'node:process';

import { Correlator, jsonEvent, loadRules } from '@tidewaiter/sigma';
import type { CorrelationRule, RuleInfo } from '@tidewaiter/sigma';

const startMs = Date.UTC(2026, 0, 1);
const manyGroups = 1_000_000;
const eventsPerRun = 1_000_000;

interface Case {
  correlation: string;
  groups: number;
  /** Of how many rules the events are in turn. */
  rules: readonly string[];
}

const eventCount = 'type: event_count\n  condition: { gte: 20 }';
const cases: Readonly<Record<string, Case>> = {
  'event_count, 1 k groups': { correlation: eventCount, groups: 1_000, rules: ['first'] },
  'event_count, 100 k groups': { correlation: eventCount, groups: 100_000, rules: ['first'] },
  'event_count, 1 M groups': { correlation: eventCount, groups: manyGroups, rules: ['first'] },
  'value_count, 100 k groups': {
    correlation: 'type: value_count\n  condition: { field: Port, gte: 10 }',
    groups: 100_000,
    rules: ['first'],
  },
  'temporal, 100 k groups': { correlation: 'type: temporal', groups: 100_000, rules: ['first', 'second'] },
  'temporal_ordered, 100 k groups': {
    correlation: 'type: temporal_ordered',
    groups: 100_000,
    rules: ['second', 'first'],
  },
  'temporal_ordered, 1 M groups': {
    correlation: 'type: temporal_ordered',
    groups: manyGroups,
    rules: ['second', 'first'],
  },
  'value_median at close, 1 M groups': {
    correlation: 'type: value_median\n  condition: { field: Port, gte: 1000000 }',
    groups: manyGroups,
    rules: ['first'],
  },
};

const [, , chosen] = argv;
if (chosen === undefined) inProcessesOfTheirOwn();
else measure(cases[chosen]!);

/** What one case leaves on the heap must not count for the next. */
function inProcessesOfTheirOwn(): void {
  console.log(`node ${process.version}, load ${loadavg()[0]!.toFixed(1)}\n`);
  console.log(`${''.padEnd(34)}   events/s    groups  bytes/group  RSS MB   snapshot MB  written ms  read ms`);
  for (const name of Object.keys(cases)) {
    const { stdout, stderr, status } = spawnSync(execPath, [...execArgv, '--expose-gc', argv[1]!, name], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stderr);
    console.log(`${name.padEnd(34)} ${stdout.trimEnd()}`);
  }
}

function measure({ correlation, groups, rules: names }: Case): void {
  const { correlations, rules } = load(correlation);
  const infos = names.map((name) => [rules.find((rule) => rule.name === name)!]);
  collect();
  const before = memoryUsage();
  const correlator = new Correlator(correlations);
  feed(correlator, infos, groups, 0, Math.min(groups * 2, eventsPerRun * 2));
  collect();
  const after = memoryUsage();
  const took = timed(() => feed(correlator, infos, groups, groups * 2, eventsPerRun));
  const { groups: live } = correlator.figures;
  const bytes = (after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers) / live;
  let snapshot = new Uint8Array();
  const writtenMs = timed(() => (snapshot = correlator.snapshot()));
  const readMs = timed(() => new Correlator(correlations).restore(snapshot));
  console.log(
    [
      Math.round((eventsPerRun / took) * 1_000)
        .toLocaleString('en')
        .padStart(10),
      live.toLocaleString('en').padStart(9),
      bytes.toFixed(0).padStart(12),
      (after.rss / 1e6).toFixed(0).padStart(7),
      (snapshot.length / 1e6).toFixed(1).padStart(13),
      writtenMs.toFixed(0).padStart(11),
      readMs.toFixed(0).padStart(8),
    ].join(' '),
  );
}

function load(correlation: string): { correlations: readonly CorrelationRule[]; rules: readonly RuleInfo[] } {
  const rule = (name: string) =>
    `title: ${name}\nname: ${name}\nlogsource: { product: linux }\ndetection: { s: { kind: ${name} }, condition: s }\n---\n`;
  const text = `${rule('first')}${rule('second')}title: bench\nname: bench\ncorrelation:
  ${correlation}\n  rules: [${correlation.includes('temporal') ? 'first, second' : 'first'}]\n  group-by: [Container.Id]\n  timespan: 1h\n`;
  const loaded = loadRules([{ path: 'bench.yml', text }]);
  if (loaded.refused.length > 0) throw new Error(JSON.stringify(loaded.refused));
  return { correlations: loaded.correlations, rules: loaded.rules.rules };
}

/** Events of groups in turn, a hundred a millisecond, with ids and group keys as sensors have them. */
function feed(correlator: Correlator, infos: readonly RuleInfo[][], groups: number, from: number, count: number): void {
  for (let number = from; number < from + count; number += 1) {
    const group = number % groups;
    const event = jsonEvent({ 'Container.Id': `${group}`.padStart(12, 'c0ffee'), Port: number % 65_536 }, []);
    const id = `tetragon-node-17-${number}-0123456789abcdef`;
    const timeMs = startMs + Math.floor(number / 100);
    correlator.observe({ id, timeMs, event, rules: infos[Math.floor(number / groups) % infos.length]! });
  }
}

function timed(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

function collect(): void {
  globalThis.gc?.();
}
