import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import { Secret } from '@tidewaiter/domain';
import { freePort } from '@tidewaiter/servers';
import { connect } from '@tidewaiter/store';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';

import { collect, launcher, makeHome, removeFolders, until } from './tidewaiter.js';

const token = 'tetragon-token-of-the-test';
const nodes = 24;
const rounds = 12;

let servers: ThrowAwayServers<{ postgres: true; nats: true }>;
let home: string;
let programs: ChildProcess[] = [];

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true, nats: true });
  home = makeHome({
    'tidewaiter.yaml': `sensors: [ { name: tetragon-eu1, kind: tetragon, cluster: eu1, token: ${token} } ]`,
    'rules.yml': `
title: Probe runs
id: 7d1c0c7e-0000-4000-8000-000000000001
level: high
logsource: { product: linux, category: process_creation }
detection: { selection: { Image: /usr/bin/probe }, condition: selection }
`,
  });
}, 60_000);

afterAll(async () => {
  for (const program of programs) program.kill('SIGKILL');
  await servers.stop();
  await removeFolders();
}, 60_000);

interface Program {
  child: ChildProcess;
  output: () => string;
}

function startProgram(name: string, databaseUrl: string, port = 0): Program {
  const child = spawn(launcher, ['service', name], {
    env: {
      ...process.env,
      TIDEWAITER_HOME: home,
      TIDEWAITER_CONFIG: `${home}/tidewaiter.yaml`,
      TIDEWAITER_DATABASE_URL: databaseUrl,
      TIDEWAITER_NATS_URL: servers.nats.url,
      TIDEWAITER_HTTP_PORT: String(port),
      TIDEWAITER_RULES: home,
    },
  });
  programs.push(child);
  return { child, output: collect(child) };
}

const isStarted = ({ output }: Program) => output().includes('service start');

/**
 * Events of one node in one round: two commands, one of them a probe. Each run has the same events.
 */
function eventsOf(node: number, round: number, startMs: number): string {
  const time = new Date(startMs + round * 100).toISOString();
  const container = (node + 1).toString(16).padStart(2, '0').repeat(32);
  return ['/usr/bin/probe', '/usr/bin/other']
    .map((binary) => {
      const exec_id = Buffer.from(`worker-${node}:${round}:${binary}`).toString('base64');
      const pod = {
        // A namespace for each node, so that no alerts are joined across nodes: late joins depend
        // on the order of arrival.
        namespace: `shop-${node}`,
        name: `app-${node}`,
        container: { id: `containerd://${container}`, name: 'app', image: { name: 'registry.example.com/shop/app:1' } },
      };
      const start = {
        exec_id,
        pid: 100 + round,
        uid: 0,
        cwd: '/',
        binary,
        arguments: `${round}`,
        start_time: time,
        pod,
      };
      const parent = { exec_id: Buffer.from(`worker-${node}:sh`).toString('base64'), pid: 1, binary: '/bin/sh', pod };
      return JSON.stringify({ process_exec: { process: start, parent }, node_name: `worker-${node}`, time });
    })
    .join('\n');
}

/** Sends a round of all nodes, until it is accepted. */
async function post(port: number, round: number, startMs: number): Promise<void> {
  for (let node = 0; node < nodes; node += 1) {
    const answer = await fetch(`http://127.0.0.1:${port}/hooks/runtime/tetragon-eu1`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/x-ndjson' },
      body: eventsOf(node, round, startMs),
    });
    expect(answer.status).toBe(202);
  }
}

/** One run; `disturb` is called after each round with its number and the detectors. */
async function run(startMs: number, disturb: (round: number, detectors: Program[], url: string) => Promise<void>) {
  await servers.nats.wipe();
  const url = await servers.postgres.createDatabase();
  const port = await freePort();
  const ingest = startProgram('ingest', url, port);
  await until('ingest runs', () => isStarted(ingest));
  const detectors = [startProgram('detector', url), startProgram('detector', url)];
  await until('both detectors run', () => detectors.every(isStarted));
  for (let round = 0; round < rounds; round += 1) {
    await post(port, round, startMs);
    await disturb(round, detectors, url);
  }
  const dataSource = await connect({ url: new Secret(url), poolSize: 2, name: 'test' });
  const query = async <Row>(sql: string) => dataSource.query<Row[]>(sql);
  await until('all probes are alerts of incidents', async () => {
    const [{ count }] = (await query<{ count: number }>(
      `SELECT count(*)::int AS count FROM detection_alert WHERE rule = 'Probe runs' AND incident_id IS NOT NULL`,
    )) as [{ count: number }];
    return count >= nodes * rounds;
  });
  // Leaves time for duplicates to arrive.
  await sleep(2_000);
  const found = {
    alerts: await query(`SELECT id, rule, incident_id FROM detection_alert WHERE rule = 'Probe runs' ORDER BY id`),
    incidents: await query('SELECT id, opened_by, count FROM incident ORDER BY id'),
    opened: await query(`SELECT subject FROM outbox WHERE type = 'dev.tidewaiter.incident.opened.v1' ORDER BY subject`),
    letters: await query('SELECT code FROM dead_letter'),
  };
  await dataSource.destroy();
  await stopPrograms();
  return found;
}

async function stopPrograms(): Promise<void> {
  for (const child of programs) child.kill('SIGTERM');
  await Promise.all(programs.map(async (child) => child.exitCode ?? child.signalCode ?? once(child, 'exit')));
  programs = [];
}

describe('killed detectors', () => {
  it('produce the same alerts and incidents, none missing and none twice', async () => {
    const startMs = Date.now();
    const undisturbed = await run(startMs, async () => sleep(100));
    expect(undisturbed.alerts).toHaveLength(nodes * rounds);
    expect(undisturbed.incidents.length).toBeGreaterThan(0);

    const disturbed = await run(startMs, async (round, detectors, url) => {
      await sleep(100);
      if (round === 3) detectors[0]!.child.kill('SIGKILL');
      if (round === 5) detectors.push(startProgram('detector', url));
      if (round === 8) detectors[1]!.child.kill('SIGKILL');
    });
    expect(disturbed).toEqual(undisturbed);
  }, 240_000);
});
