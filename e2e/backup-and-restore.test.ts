import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { join } from 'node:path';

import { freePort } from '@tidewaiter/servers';
import {
  buildImage,
  describeWith,
  type HttpSink,
  programs,
  pushImage,
  startRegistry,
  type TestRegistry,
  throwAwayServers,
  type ThrowAwayServers,
  webhookSink,
} from '@tidewaiter/testkit';
import { Client } from 'pg';

import { debian13, dpkgStatus, writeAdvisories } from './fixtures.js';
import { collect, launcher, makeHome, removeFolders, runIn, temporaryFolder, until } from './tidewaiter.js';

const secret = 'hook-secret-of-the-test';
const pushesBefore = 5;
const pushesAfter = 5;

let servers: ThrowAwayServers<{ postgres: true; nats: true; redis: true }>;
let registry: TestRegistry;
let sink: HttpSink;
let home: string;
let environment: Record<string, string | undefined>;
let ingestUrl: string;
let services: { child: ChildProcess; log: () => string }[] = [];

function startServices(): void {
  services = ['ingest', 'scanner', 'detector', 'notifier'].map((name) => {
    const port = name === 'ingest' ? new URL(ingestUrl).port : '0';
    const child = spawn(launcher, ['service', name], { env: { ...environment, TIDEWAITER_HTTP_PORT: port } });
    return { child, log: collect(child) };
  });
}

async function stopServices(): Promise<void> {
  const ended = services.map(async ({ child }) => {
    child.kill('SIGTERM');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  await Promise.all(ended);
}

async function sql<Row extends object>(statement: string): Promise<Row[]> {
  const client = new Client({ connectionString: servers.postgres.url });
  await client.connect();
  try {
    return (await client.query<Row>(statement)).rows;
  } finally {
    await client.end();
  }
}

async function post(path: string, body: string, type: string): Promise<void> {
  const headers = { authorization: `Bearer ${secret}`, 'content-type': type };
  const accepted = async () => {
    const answer = await fetch(`${ingestUrl}${path}`, { method: 'POST', headers, body }).catch(() => null);
    return answer?.ok === true;
  };
  await until(`${path} is accepted`, accepted);
}

/** Gives the manifest another tag; returns its digest. */
async function tagged(digest: string, tag: string): Promise<string> {
  const accept = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = await fetch(`${registry.url}/v2/app/manifests/${digest}`, { headers: { accept } });
  const put = { method: 'PUT', headers: { 'content-type': accept }, body: await manifest.arrayBuffer() };
  expect((await fetch(`${registry.url}/v2/app/manifests/${tag}`, put)).status).toBe(201);
  return digest;
}

async function announce(digest: string, tag: string): Promise<void> {
  const event = {
    ...{ id: randomUUID(), timestamp: new Date().toISOString(), action: 'push' },
    target: { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, repository: 'app', tag },
    request: { host: registry.host, method: 'PUT' },
  };
  await post(
    '/hooks/registry/main',
    JSON.stringify({ events: [event] }),
    'application/vnd.docker.distribution.events.v1+json',
  );
}

/** A container of the node runs the probe, which is an alert. */
async function probe(node: string): Promise<void> {
  const time = new Date().toISOString();
  const container = { id: `containerd://${Buffer.from(node.padEnd(32, '.')).toString('hex')}`, name: 'app' };
  const pod = { namespace: 'shop', name: node, container: { ...container, image: { name: `${registry.host}/app:0` } } };
  const of = (binary: string, pid: number) => {
    const exec_id = Buffer.from(`${node}:${binary}`).toString('base64');
    return { exec_id, pid, uid: 0, cwd: '/', binary, arguments: '', start_time: time, pod };
  };
  const process_exec = { process: of('/usr/bin/probe', 100), parent: of('/bin/sh', 1) };
  await post('/hooks/runtime/nodes', JSON.stringify({ process_exec, node_name: node, time }), 'application/x-ndjson');
}

const state = async () => ({
  pushes: await sql('SELECT id, tag, digest, state, verdict FROM push ORDER BY tag'),
  alerts: await sql('SELECT id, rule FROM detection_alert ORDER BY id'),
  incidents: await sql('SELECT id, state, severity FROM incident ORDER BY id'),
});

async function settled(pushes: number, alerts: number): Promise<void> {
  await until(
    `${pushes} pushes, ${alerts} alerts and all messages have ended`,
    async () => {
      const [row] = await sql<{ pushes: number; alerts: number; left: number }>(`SELECT
        (SELECT count(*) FROM push WHERE state = 'analyzed')::int AS pushes,
        (SELECT count(*) FROM detection_alert WHERE turn IS NOT NULL)::int AS alerts,
        (SELECT count(*) FROM delivery WHERE state NOT IN ('sent', 'superseded', 'merged', 'suppressed'))::int
          + (SELECT count(*) FROM outbox WHERE confirmed_at IS NULL)::int AS left`);
      return row!.pushes === pushes && row!.alerts >= alerts && row!.left === 0;
    },
    120_000,
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${services.map(({ log }) => log().slice(-3_000)).join('\n')}`);
  });
}

/** Ids under which each alert came, by its name. */
function idsOfAlerts(): Map<string, Set<string>> {
  const ids = new Map<string, Set<string>>();
  for (const { headers, body } of sink.received) {
    const { alerts } = body as { alerts: { labels: Record<string, string> }[] };
    const name = JSON.stringify(alerts.map(({ labels }) => labels));
    const known = ids.get(name) ?? new Set();
    ids.set(name, known.add(String(headers['webhook-id'])));
  }
  return ids;
}

beforeAll(async () => {
  [servers, sink, registry] = await Promise.all([
    throwAwayServers({ postgres: true, nats: true, redis: true }),
    webhookSink(),
    startRegistry(),
  ]);
  ingestUrl = `http://127.0.0.1:${await freePort()}`;
  home = makeHome({
    'tidewaiter.yaml': `registries: [ { name: main, kind: distribution, url: "${registry.url}", webhookSecret: ${secret}, allowPrivate: true,
      reconcile: { every: "0" } } ]
sensors: [ { name: nodes, kind: tetragon, cluster: eu1, token: ${secret} } ]
releases: [ { repository: app, compareWith: none } ]`,
    'rules.yml': `
title: Probe runs
id: 7d1c0c7e-0000-4000-8000-000000000001
level: high
logsource: { product: linux, category: process_creation }
detection: { selection: { Image: /usr/bin/probe }, condition: selection }
`,
    'routing.yaml': `{ route: { receiver: all, group_by: [tag] }, receivers: [ { name: all, webhook_configs: [ { url: "${sink.url}" } ] } ] }`,
  });
  environment = {
    ...process.env,
    TIDEWAITER_HOME: home,
    TIDEWAITER_CONFIG: join(home, 'tidewaiter.yaml'),
    TIDEWAITER_ROUTING: join(home, 'routing.yaml'),
    TIDEWAITER_DATABASE_URL: servers.postgres.url,
    TIDEWAITER_NATS_URL: servers.nats.url,
    TIDEWAITER_REDIS_URL: servers.redis.url,
    TIDEWAITER_RULES: home,
  };
  Object.assign(process.env, { TIDEWAITER_DATABASE_URL: servers.postgres.url });
});

afterAll(async () => {
  await stopServices();
  delete process.env['TIDEWAITER_DATABASE_URL'];
  await Promise.all([servers?.stop(), registry?.stop(), sink?.stop()]);
  await removeFolders();
});

describeWith(programs('docker-registry', 'skopeo'))('a database that is lost and restored from a backup', () => {
  it('has everything that was accepted since, under the same ids', async () => {
    const file = join(temporaryFolder(), 'backup.dump');
    startServices();
    const folder = temporaryFolder();
    await buildImage(folder, { layers: [[debian13], [dpkgStatus({ openssl: '3.0.15-1' })]] });
    const digest = await pushImage(registry, 'app:0', `oci:${folder}:latest`);
    const hole = { id: 'CVE-2026-1001', package: 'openssl', fixed: '3.0.17-1', severity: 'CRITICAL' } as const;
    const imported = await runIn(home, 'advisories', 'import', writeAdvisories(join(home, 'osv'), [hole]));
    expect(imported).toMatchObject({ code: 0 });
    for (let tag = 0; tag < pushesBefore; tag += 1) await announce(await tagged(digest, `v${tag}`), `v${tag}`);
    await probe('node-1');
    await settled(pushesBefore, 1);

    const backup = await runIn(home, 'backup', '--to', file);
    expect(backup).toMatchObject({ code: 0, stderr: expect.stringMatching(/backup\.dump: \d+\.\d MiB\n$/) });
    expect(statSync(file).mode & 0o777).toBe(0o600);

    for (let tag = 0; tag < pushesAfter; tag += 1) await announce(await tagged(digest, `w${tag}`), `w${tag}`);
    await probe('node-2');
    await settled(pushesBefore + pushesAfter, 2);
    const before = await state();

    const refused = await runIn(home, 'restore', '--from', file);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('stop the services first') });
    await stopServices();
    await servers.postgres.wipe();
    expect(await runIn(home, 'restore', '--from', file)).toMatchObject({ code: 0 });
    expect(await sql('SELECT FROM push')).toHaveLength(pushesBefore);

    startServices();
    await settled(pushesBefore + pushesAfter, 2);
    expect(await state()).toEqual(before);
    const received = sink.received.map(({ headers }) => String(headers['webhook-id']));
    // Messages since the backup came twice, which receivers see by the ids.
    expect(received.length - new Set(received).size).toBeGreaterThanOrEqual(pushesAfter);
    const repeated = [...idsOfAlerts().values()].filter((ids) => ids.size > 1);
    expect(repeated).toEqual([]);
    expect(idsOfAlerts().size).toBeGreaterThanOrEqual(pushesBefore + pushesAfter);
  }, 400_000);
});
