import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { Secret } from '@tidewaiter/domain';
import { freePort } from '@tidewaiter/servers';
import { connect } from '@tidewaiter/store';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';

import { collect, launcher, makeHome, removeFolders, until } from './tidewaiter.js';

const token = 'tetragon-token-of-the-test';
const nodes = 8;

let servers: ThrowAwayServers<{ postgres: true; nats: true }>;
let home: string;
let programs: ChildProcess[] = [];
let port: number;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true, nats: true });
  home = makeHome({
    'tidewaiter.yaml': `sensors: [ { name: tetragon-eu1, kind: tetragon, cluster: eu1, token: ${token} } ]`,
    'rules.yml': `
title: Probe of scanner
id: 7d1c0c7e-0000-4000-8000-000000000002
level: high
logsource: { product: linux, category: process_creation }
detection: { selection: { Image: /usr/bin/probe, Process.AncestorExecutables: /usr/bin/scanner }, condition: selection }
`,
  });
  port = await freePort();
}, 60_000);

afterAll(async () => {
  for (const program of programs) program.kill('SIGKILL');
  await servers.stop();
  await removeFolders();
}, 60_000);

async function startProgram(name: string, databaseUrl: string, httpPort = 0): Promise<ChildProcess> {
  const child = spawn(launcher, ['service', name], {
    env: {
      ...process.env,
      TIDEWAITER_HOME: home,
      TIDEWAITER_CONFIG: join(home, 'tidewaiter.yaml'),
      TIDEWAITER_DATABASE_URL: databaseUrl,
      TIDEWAITER_NATS_URL: servers.nats.url,
      TIDEWAITER_HTTP_PORT: String(httpPort),
      TIDEWAITER_RULES: home,
      TIDEWAITER_SPOOL_DIR: join(home, 'spool'),
    },
  });
  programs.push(child);
  const output = collect(child);
  await until(`${name} runs`, () => output().includes('service start'));
  return child;
}

async function stop(...some: ChildProcess[]): Promise<void> {
  for (const child of some) child.kill('SIGTERM');
  await Promise.all(some.map(async (child) => child.exitCode ?? child.signalCode ?? once(child, 'exit')));
  programs = programs.filter((each) => !some.includes(each));
}

async function startAll(databaseUrl: string): Promise<{ ingest: ChildProcess; detector: ChildProcess }> {
  const ingest = await startProgram('ingest', databaseUrl, port);
  return { ingest, detector: await startProgram('detector', databaseUrl) };
}

/** Start of a process of one node, whose parent may have started in an earlier round. */
function eventOf(node: number, round: number, binary: string, parent: { id: string; binary: string }) {
  const time = new Date(Date.now() + round).toISOString();
  const container = (node + 1).toString(16).padStart(2, '0').repeat(32);
  const pod = {
    namespace: `shop-${node}`,
    name: `app-${node}`,
    container: { id: `containerd://${container}`, name: 'app', image: { name: 'registry.example.com/shop/app:1' } },
  };
  const start = {
    ...{ exec_id: idOf(node, `${round}:${binary}`), parent_exec_id: idOf(node, parent.id), pid: 100 + round, uid: 0 },
    ...{ cwd: '/', binary, start_time: time, pod },
  };
  const of = { exec_id: idOf(node, parent.id), pid: 1, binary: parent.binary, pod };
  return { process_exec: { process: start, parent: of }, node_name: `worker-${node}`, time };
}

const idOf = (node: number, name: string) => Buffer.from(`worker-${node}:${name}`).toString('base64');

async function post(events: readonly object[]): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}/hooks/runtime/tetragon-eu1`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/x-ndjson' },
    body: events.map((event) => JSON.stringify(event)).join('\n'),
  });
  expect(answer.status).toBe(202);
}

const eachNode = <Value>(of: (node: number) => Value) => Array.from({ length: nodes }, (_, node) => of(node));
/**
 * A scanner with its shell. The alert about a probe of the shell needs both from the process tree.
 */
const scanners = (round: number) => [
  ...eachNode((node) => eventOf(node, round, '/usr/bin/scanner', { id: 'init', binary: '/sbin/init' })),
  ...eachNode((node) =>
    eventOf(node, round, '/bin/sh', { id: `${round}:/usr/bin/scanner`, binary: '/usr/bin/scanner' }),
  ),
];
const probes = (round: number, of: number) =>
  eachNode((node) => eventOf(node, round, '/usr/bin/probe', { id: `${of}:/bin/sh`, binary: '/bin/sh' }));

/** Alerts and incidents of a database, once it has as many alerts as expected. */
async function resultsOf(url: string, expected: number) {
  const dataSource = await connect({ url: new Secret(url), poolSize: 2, name: 'test' });
  const query = async <Row>(sql: string) => dataSource.query<Row[]>(sql);
  const alertsSql = `SELECT id, incident_id FROM detection_alert WHERE rule = 'Probe of scanner' ORDER BY id`;
  await until(`${expected} alerts of incidents`, async () => {
    const alerts = await query<{ incident_id: string | null }>(alertsSql);
    return alerts.filter((alert) => alert.incident_id !== null).length >= expected;
  });
  const results = {
    alerts: await query(alertsSql),
    incidents: await query('SELECT id, opened_by, count FROM incident ORDER BY id'),
    letters: await query('SELECT code FROM dead_letter'),
  };
  await dataSource.destroy();
  return results;
}

async function waitingBytes(): Promise<number> {
  const text = await fetch(`http://127.0.0.1:${port}/metrics`).then(async (answer) => answer.text());
  return Number(/^tidewaiter_ingest_spool_bytes\{[^}]*\} (\S+)$/m.exec(text)?.[1] ?? Number.NaN);
}

describe('a PostgreSQL that was restored from an older copy, with a NATS that lost its disk', () => {
  it('gets the alerts of all accepted events again, once', async () => {
    const url = await servers.postgres.createDatabase();
    let { ingest, detector } = await startAll(url);
    await post(scanners(0));
    await post(probes(1, 0));
    await resultsOf(url, nodes);
    await stop(detector, ingest);
    const copy = await servers.postgres.createDatabase(new URL(url).pathname.slice(1));

    ({ ingest, detector } = await startAll(url));
    await post(scanners(2));
    await post(probes(3, 2));
    await post(probes(4, 0));
    const whole = await resultsOf(url, 3 * nodes);
    // Its last snapshots cover all events.
    await stop(detector);
    await until('the spool has nothing that waits', async () => (await waitingBytes()) === 0);
    await stop(ingest);

    await servers.nats.wipe();
    ({ ingest, detector } = await startAll(copy));
    const restored = await resultsOf(copy, 3 * nodes);
    expect(restored).toEqual(whole);
    await post(scanners(5));
    await post(probes(6, 5));
    const { alerts } = await resultsOf(copy, 4 * nodes);
    expect(alerts).toHaveLength(4 * nodes);
  }, 180_000);
});
