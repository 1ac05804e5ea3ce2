/** Measures one thread, no servers: messages of the runtime stream in, alerts out. */
import { loadavg } from 'node:os';
import { createHistogram, performance } from 'node:perf_hooks';

import { Detector } from '@tidewaiter/detection';
import { ObservedMessage, runtimeObserved } from '@tidewaiter/events';
import { factContext, factsFromFile } from '@tidewaiter/facts';
import { loadRules } from '@tidewaiter/sigma';
import { ContainerLedger } from '@tidewaiter/workloads';

import { digest, execRecord, ownRuleTexts, type RuleText, ruleTexts } from './detection-load.ts';

const recordsPerMessage = 128;
const nodes = 32;
interface Case {
  name: string;
  texts: () => RuleText[];
  /** Target rate in events per CPU second. */
  target?: number;
  /** Number of containers of a node. */
  containers?: number;
}

const cases: Case[] = [
  { name: '500 rules and 100 correlations over 100 more', texts: () => ruleTexts(500), target: 60_000 },
  { name: '3,000 rules and the same', texts: () => ruleTexts(3_000), target: 50_000 },
  { name: '500 rules, each event of a new container', texts: () => ruleTexts(500), containers: Infinity },
  { name: 'our own rules and correlations', texts: ownRuleTexts },
];
const stepMs = 20;

/** Facts of an image of 20,000 files, of which the load runs some. */
function facts(ledger: ContainerLedger) {
  const files = Object.fromEntries(
    Array.from({ length: 20_000 }, (_, index) => [`/usr/lib/app/file-${index}`, { package: `package-${index % 300}` }]),
  );
  for (const path of [
    '/usr/bin/pg_isready',
    '/usr/bin/du',
    '/usr/local/bin/node',
    '/usr/bin/python3',
    '/usr/bin/grep',
    '/usr/bin/jq',
  ])
    files[path] = { package: 'base' };
  const { facts: known, policy } = factsFromFile({ cluster: 'eu1', images: { [digest]: { files, signed: true } } });
  return factContext({ facts: known, policy, lookup: ledger });
}

/**
 * Messages as stored in the stream; each message's events are `stepMs` later than the previous
 * one's.
 */
function messages(count: number, startMs: number, containers?: number): Buffer[] {
  return Array.from({ length: Math.ceil(count / recordsPerMessage) }, (_, turn) => {
    const node = `worker-${turn % nodes}`;
    const records = Array.from({ length: recordsPerMessage }, (__, index) =>
      execRecord(turn * recordsPerMessage + index, node, startMs + turn * stepMs, { containers }),
    );
    const event = {
      specversion: '1.0',
      id: '01985a4e-6c3a-7d43-8a5b-0f6f1b6c2a12',
      source: '/tidewaiter/ingest',
      type: runtimeObserved.type,
      subject: 'tetragon-eu1',
      time: new Date(startMs).toISOString(),
      datacontenttype: 'application/json',
      data: { sensor: 'tetragon-eu1', records },
    };
    return Buffer.from(JSON.stringify(event));
  });
}

function newDetector(texts: RuleText[]): { detector: Detector; loadMs: number } {
  const began = performance.now();
  const read = loadRules(texts);
  if (read.refused.length > 0) throw new Error(`rules refused: ${JSON.stringify(read.refused.slice(0, 3))}`);
  const loadMs = performance.now() - began;
  const ledger = new ContainerLedger();
  const detector = new Detector({
    rules: read.rules,
    correlations: read.correlations,
    facts: facts(ledger),
    allowedLatenessMs: 200,
    clock: 'caller',
    onObserved: (observation) => ledger.observe(observation),
  });
  return { detector, loadMs };
}

function evaluate(detector: Detector, message: Buffer, nowMs: number): number {
  let alerts = detector.advance(nowMs).length;
  const observed = new ObservedMessage(message);
  for (const [index, record] of observed.records().entries())
    alerts += detector.observe(record, observed, index).length;
  return alerts;
}

/** @returns whether the targets are met */
export function engineBench(events: number): boolean {
  let isFine = true;
  console.log(
    `\none thread, Tetragon exec events, facts of an image of 20,000 files; load average ${loadavg()[0]?.toFixed(1)}`,
  );
  console.log(`  JSON.parse alone: ${Math.round(parseRate(events)).toLocaleString('en')} events per CPU second`);
  for (const { name, texts, target, containers } of cases) {
    const { detector, loadMs } = newDetector(texts());
    const startMs = Date.now();
    const load = messages(events, startMs, containers);
    const bytes = load.reduce((sum, { length }) => sum + length, 0) / (load.length * recordsPerMessage);
    const warm = Math.floor(load.length / 5);
    for (const [turn, message] of load.slice(0, warm).entries()) evaluate(detector, message, startMs + turn * stepMs);
    globalThis.gc?.();
    const cpu = process.cpuUsage();
    let alerts = 0;
    for (let turn = warm; turn < load.length; turn += 1)
      alerts += evaluate(detector, load[turn]!, startMs + turn * stepMs);
    const { user, system } = process.cpuUsage(cpu);
    const seconds = (user + system) / 1e6;
    const rate = ((load.length - warm) * recordsPerMessage) / seconds;
    const p99 = pacedP99(
      detector,
      messages(Math.min(events, 50_000), startMs + load.length * stepMs, containers),
      startMs + load.length * stepMs,
      rate / 2,
    );
    isFine &&= rate >= (target ?? 0);
    console.log(`  ${name}, loaded in ${Math.round(loadMs)} ms`);
    console.log(
      `    ${Math.round(rate).toLocaleString('en')} events of ${Math.round(bytes)} bytes per CPU second` +
        `${target === undefined ? '' : ` (target ${target.toLocaleString('en')})`}, ${(1e6 / rate).toFixed(1)} us each,` +
        ` p99 at half load ${p99.toFixed(1)} ms, ${alerts} alerts, ${Math.round(process.memoryUsage.rss() / 2 ** 20)} MiB`,
    );
  }
  return isFine;
}

/** Rate of JSON.parse alone, an upper limit for any reader of the stream. */
function parseRate(events: number): number {
  const load = messages(Math.min(events, 50_000), Date.now());
  let best = Infinity;
  for (let round = 0; round < 3; round += 1) {
    const cpu = process.cpuUsage();
    for (const message of load) JSON.parse(message.toString());
    const { user, system } = process.cpuUsage(cpu);
    best = Math.min(best, (user + system) / 1e6);
  }
  return (load.length * recordsPerMessage) / best;
}

/**
 * Latency (p99) from a message's due time to the end of its evaluation, for messages at a fixed
 * rate; by the thread's own clock.
 */
function pacedP99(detector: Detector, load: readonly Buffer[], startMs: number, eventsPerSecond: number): number {
  const latencyUs = createHistogram();
  const intervalMs = (recordsPerMessage / eventsPerSecond) * 1_000;
  const began = performance.now();
  for (const [turn, message] of load.entries()) {
    const dueMs = began + turn * intervalMs;
    while (performance.now() < dueMs);
    evaluate(detector, message, startMs + turn * stepMs);
    latencyUs.record(Math.max(1, Math.round((performance.now() - dueMs) * 1_000)));
  }
  return latencyUs.percentile(99) / 1_000;
}
