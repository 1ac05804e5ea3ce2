/**
 * Cost of a flood of matches for correlations over all partitions: clients that the API server
 * refuses again and again. From the record to the row that the incident builder reads. See
 * README.md.
 */
import { cpuUsage } from 'node:process';
import { parseArgs } from 'node:util';

import { Detector, type WideMatch } from '@tidewaiter/detection';
import { type RuntimeRecord, Secret } from '@tidewaiter/domain';
import { factContext, factsFromFile } from '@tidewaiter/facts';
import { loadRules } from '@tidewaiter/sigma';
import { connect, DetectionMatches, Store } from '@tidewaiter/store';
import { throwAwayServers } from '@tidewaiter/testkit';

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '50000' },
    rate: { type: 'string', default: '1000' },
    clients: { type: 'string', default: '10' },
  },
});
const [events, rate, clients] = [values.events, values.rate, values.clients].map(Number) as [number, number, number];
const startMs = Date.parse('2026-03-03T01:00:00Z');
const rules = loadRules([
  {
    path: 'bench.yml',
    text: `
title: Refused
name: refused
logsource: { product: kubernetes, service: audit }
detection: { selection: { Request.Status: 401 }, condition: selection }
level: low
---
title: Refused again and again
correlation: { type: event_count, rules: [refused], group-by: [Request.SourceIp], timespan: 5m, condition: { gte: 60000 } }
level: medium
`,
  },
]);

await using closing = new AsyncDisposableStack();
const servers = await throwAwayServers({ postgres: true });
closing.defer(async () => servers.stop());
const url = new Secret(await servers.postgres.createDatabase());
const database = await connect({ url, poolSize: 2, name: 'bench' });
closing.defer(async () => database.destroy());
const store = new Store(database, 'bench');
const kept = new DetectionMatches(store);

const file = factsFromFile({});
let waiting: WideMatch[] = [];
let rows = 0;
const detector = new Detector({
  ...rules,
  facts: factContext({ facts: file.facts, policy: file.policy }),
  allowedLatenessMs: 500,
  clock: 'caller',
  onWideMatch: (match) => waiting.push(match),
});
const start = cpuUsage();
for (let event = 0; event < events; event += 1) {
  const timeMs = startMs + Math.floor((event * 1000) / rate);
  if (event % 100 === 0) {
    detector.advance(timeMs);
    await keep();
  }
  detector.observe(refused(event, timeMs));
}
detector.advance(startMs + 3_600_000);
await keep();
const cpuSeconds = (cpuUsage(start).user + cpuUsage(start).system) / 1e6;
const [size] = await store.query<{ bytes: number }>(`SELECT pg_total_relation_size('detection_match')::float AS bytes`);
console.log(`${events} matches of ${clients} clients, ${rate} in a second`);
console.table({
  rows,
  'MB in PostgreSQL': (size!.bytes / 1e6).toFixed(1),
  'CPU, us for each match, without PostgreSQL': ((cpuSeconds * 1e6) / events).toFixed(1),
});

async function keep(): Promise<void> {
  const matches = waiting;
  waiting = [];
  rows += matches.length;
  if (matches.length > 0) await store.transaction(async (tx) => kept.add(tx, matches));
}

function refused(index: number, timeMs: number): RuntimeRecord {
  const at = new Date(timeMs).toISOString();
  const client = index % clients;
  const event = {
    ...{ kind: 'Event', apiVersion: 'audit.k8s.io/v1', stage: 'ResponseComplete', verb: 'list' },
    requestURI: '/api/v1/secrets',
    user: { username: `system:serviceaccount:shop:app-${client}`, groups: ['system:authenticated'] },
    sourceIPs: [`203.0.113.${client}`],
    userAgent: 'curl/8.5.0',
    objectRef: { resource: 'secrets', apiVersion: 'v1' },
    responseStatus: { code: 401 },
    requestReceivedTimestamp: at,
    stageTimestamp: at,
  };
  return { id: `e${index}`, source: 'kubernetes-audit', sensor: 'audit', cluster: 'eu1', node: null, at, event };
}
