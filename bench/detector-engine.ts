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
  /** Target share of the rate at which `JSON.parse` alone reads the same bytes. */
  target?: number;
  /** Number of containers of a node. */
  containers?: number;
}

const cases: Case[] = [
  { name: '500 rules and 100 correlations over 100 more', texts: () => ruleTexts(500), target: 0.45 },
  { name: '3,000 rules and the same', texts: () => ruleTexts(3_000), target: 0.45 },
  { name: '500 rules, each event of a new container', texts: () => ruleTexts(500), containers: Infinity, target: 0.25 },
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
export function engineBench(events: number, wanted: string): boolean {
  let isFine = true;
  console.log(
    `\none thread, Tetragon exec events, facts of an image of 20,000 files; load average ${loadavg()[0]?.toFixed(1)}`,
  );
  for (const { name, texts, target, containers } of cases) {
    if (!name.includes(wanted)) continue;
    const { detector, loadMs } = newDetector(texts());
    const startMs = Date.now();
    const load = messages(events, startMs, containers);
    const bytes = load.reduce((sum, { length }) => sum + length, 0) / (load.length * recordsPerMessage);
    const warm = Math.floor(load.length / 5);
    for (const [turn, message] of load.slice(0, warm).entries()) evaluate(detector, message, startMs + turn * stepMs);
    globalThis.gc?.();
    const { rate, parseRate, alerts } = rates(detector, load.slice(warm), startMs + warm * stepMs);
    const p99 = pacedP99(
      detector,
      messages(Math.min(events, 50_000), startMs + load.length * stepMs, containers),
      startMs + load.length * stepMs,
      rate / 2,
    );
    const share = rate / parseRate;
    isFine &&= share >= (target ?? 0);
    console.log(`  ${name}, loaded in ${Math.round(loadMs)} ms`);
    console.log(
      `    ${Math.round(rate).toLocaleString('en')} events of ${Math.round(bytes)} bytes per CPU second, ${(1e6 / rate).toFixed(1)} us each,` +
        ` ${percent(share)} of JSON.parse${target === undefined ? '' : ` (target ${percent(target)})`},` +
        ` p99 at half load ${p99.toFixed(1)} ms, ${alerts} alerts, ${Math.round(process.memoryUsage.rss() / 2 ** 20)} MiB`,
    );
  }
  return isFine;
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** Number of messages that are parsed, then evaluated, in turns: a busy machine slows both. */
const messagesInTurn = 40;

/** Events per CPU second, and of JSON.parse alone, an upper limit for any reader of the stream. */
function rates(
  detector: Detector,
  load: readonly Buffer[],
  startMs: number,
): { rate: number; parseRate: number; alerts: number } {
  const events = load.length * recordsPerMessage;
  let [evaluatedUs, parsedUs, alerts] = [0, 0, 0];
  for (let first = 0; first < load.length; first += messagesInTurn) {
    const turn = load.slice(first, first + messagesInTurn);
    parsedUs += cpuUs(() => {
      for (const message of turn) JSON.parse(message.toString());
    });
    evaluatedUs += cpuUs(() => {
      for (const [index, message] of turn.entries())
        alerts += evaluate(detector, message, startMs + (first + index) * stepMs);
    });
  }
  return { rate: (events * 1e6) / evaluatedUs, parseRate: (events * 1e6) / parsedUs, alerts };
}

function cpuUs(work: () => void): number {
  const began = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(began);
  return user + system;
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
