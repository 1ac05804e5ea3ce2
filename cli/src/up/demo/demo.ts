import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { InvalidInput, TidewaiterError } from '@tidewaiter/domain';
import { freePort } from '@tidewaiter/servers';
import type { AuditAction, Transaction } from '@tidewaiter/store';

import { changeAdvisories } from '../../advisories/destination.js';
import { changeStore, withStore } from '../../database.js';
import { demoAdvisories, demoEvents, demoObjects, demoPushes } from './fleet.js';
import { type DemoServer, startDemoServer } from './registry.js';

/** The fictitious fleet of `up --demo`, while it runs. */
export interface Demo {
  /** Sends the pushes and events of the fleet to the services, as a registry and a sensor would. */
  play(ingestUrl: string): Promise<void>;
  stop(): Promise<void>;
}

const mark = '# Written by `up --demo`: a fictitious fleet.';
const reportName = 'unfixed-by-owner';
const vexFile = 'demo.openvex.json';
const pollMs = 250;
const pollsMax = 240;

/**
 * Writes the configuration files of the demo and starts its registry and chat. With files of an
 * earlier demo it starts them again on the same port.
 * @throws InvalidInput `DEMO_NOT_EMPTY` where the folder has a configuration of its own
 */
export async function startDemo(home: string): Promise<Demo> {
  const settingsPath = join(home, 'tidewaiter.yaml');
  if (!existsSync(settingsPath)) {
    const port = await freePort();
    await writeFile(settingsPath, settings(port), { mode: 0o600, flag: 'wx' });
    await writeFile(join(home, 'routing.yaml'), routing(port), { mode: 0o600, flag: 'wx' });
    await writeFile(join(home, vexFile), JSON.stringify(vexDocument(new Date()), null, 2), { mode: 0o600, flag: 'wx' });
  }
  const text = readFileSync(settingsPath, 'utf8');
  const [, port, secret, token] =
    /url: http:\/\/127\.0\.0\.1:(\d+)\n.*\n {4}webhookSecret: (\S+)\n[^]*?\n {4}token: (\S+)\n/.exec(text) ?? [];
  if (!text.startsWith(mark) || !port || !secret || !token) {
    const advice = 'name an empty folder: TIDEWAITER_HOME=/tmp/demo ./tidewaiter up --demo';
    throw new InvalidInput('DEMO_NOT_EMPTY', `${settingsPath} is not of a demo: ${advice}`);
  }
  const server = await startDemoServer(Number(port));
  return {
    play: async (ingestUrl) => play(server, { ingestUrl, registryHost: `127.0.0.1:${port}`, secret, token }),
    stop: async () => server.stop(),
  };
}

interface Addresses {
  ingestUrl: string;
  registryHost: string;
  secret: string;
  token: string;
}

async function play(server: DemoServer, { ingestUrl, registryHost, secret, token }: Addresses): Promise<void> {
  const pushes = demoPushes.map(({ repository, tag, image }) => ({
    repository,
    tag,
    digest: image ? server.push(repository, tag, image) : `sha256:${'0'.repeat(64)}`,
  }));
  // A later start serves the same images and sends nothing again.
  if ((await countPushes()).all > 0) return;
  await importAdvisories();
  for (const { repository, tag, digest } of pushes) {
    const target = { mediaType: 'application/vnd.oci.image.manifest.v1+json', repository, tag, digest };
    const event = {
      id: randomUUID(),
      timestamp: new Date().toISOString(),
      action: 'push',
      target,
      request: { host: registryHost },
    };
    await post(`${ingestUrl}/hooks/registry/demo`, secret, { events: [event] });
  }
  await until(async () => (await countPushes()).open === 0);
  for (const event of demoEvents(registryHost)) {
    await post(`${ingestUrl}/hooks/runtime/falco`, token, {
      ...event,
      time: new Date().toISOString(),
      hostname: 'node-1',
    });
  }
  const objects = demoObjects(registryHost).map((object) => JSON.stringify(object));
  await post(`${ingestUrl}/hooks/runtime/watch`, token, `${objects.join('\n')}\n`);
  await decideOnIncidents();
  await silenceAndSave();
  await orderReport();
}

/** Adds a silence and views, as users of the console would. */
async function silenceAndSave(): Promise<void> {
  const { SavedViews, SilenceLedger } = await import('@tidewaiter/store');
  await changeStore('view.saved', async (store) => {
    const views = new SavedViews(store);
    const owner = { kind: 'user' as const, name: 'demo', scopes: null };
    const shared = { visibility: 'unlimited' as const, sort: null, isPinned: true, receiver: null };
    await views.add(owner, { ...shared, name: 'Failed and running', list: 'pushes', q: 'verdict=fail running' });
    await views.add(owner, { ...shared, name: 'Fixable where it runs', list: 'fixes', q: 'running' });
    await views.add(owner, {
      ...shared,
      name: 'Running without a fix',
      list: 'vulnerabilities',
      q: 'running -fixable',
    });
  });
  await changeStore('silence.created', async (store) =>
    store.transaction(async (tx) =>
      new SilenceLedger(store).add(tx, {
        ...{ matchers: ['repository="legacy/report"'], comment: 'Replaced next month', createdBy: 'demo' },
        ...{ startsAt: new Date(), endsAt: new Date(Date.now() + 30 * 86_400_000) },
      }),
    ),
  );
}

/** Orders the first report, whose schedule begins with the next week. */
async function orderReport(): Promise<void> {
  const { ReportRuns } = await import('@tidewaiter/store');
  await changeStore('report.requested', async (store) =>
    store.transaction(async (tx) => {
      const run = await new ReportRuns(store).request(tx, reportName, 'demo');
      tx.record({ subject: reportName, before: null, after: { run } });
    }),
  );
}

async function countPushes(): Promise<{ all: number; open: number }> {
  const [counts] = await withStore(async (store) =>
    store.query<{ all: number; open: number }>(
      `SELECT count(*)::int AS all, count(*) FILTER (WHERE state IN ('accepted', 'analyzing'))::int AS open
       FROM push WHERE connection = 'demo'`,
    ),
  );
  return counts!;
}

/**
 * Acknowledges the incident of one workload and resolves that of another, once all are open. The
 * worst is left to the reader.
 */
async function decideOnIncidents(): Promise<void> {
  const { incidentFields, parseQuery } = await import('@tidewaiter/query');
  const { incidentList, IncidentTriage, Lists } = await import('@tidewaiter/store');
  const [first, second] = await withStore(async (store) => {
    const lists = new Lists(store);
    const where = parseQuery('state=open', incidentFields, new Date());
    const request = { where, sort: 'number', isDescending: true, limit: 50 } as const;
    let open: { id: string; workload: string | null }[] = [];
    const of = (pod: string) => open.find(({ workload }) => workload?.includes(pod));
    await until(async () => {
      ({ items: open } = await store.unlimited(async () => lists.page(incidentList, request)));
      return of('/web-') !== undefined && of('/etl-') !== undefined && of('/checkout-') !== undefined;
    });
    return [of('/web-'), of('/etl-')];
  });
  const triage = new IncidentTriage();
  const act = async (action: AuditAction, work: (tx: Transaction) => Promise<unknown>) =>
    changeStore(action, async (store) => store.transaction(work));
  if (first) {
    const comment = 'The team of the workload is looking into it.';
    await act('incident.acknowledged', async (tx) => triage.acknowledge(tx, first.id, 'demo'));
    await act('incident.commented', async (tx) => triage.comment(tx, first.id, comment, 'demo'));
  }
  if (second) {
    const resolution = { reason: 'test', comment: 'Our own penetration test' } as const;
    await act('incident.resolved', async (tx) => triage.resolve(tx, second.id, 'demo', resolution));
  }
}

async function importAdvisories(): Promise<void> {
  const { advisorySources, importFiles } = await import('@tidewaiter/advisory-sync');
  const { ReadingProgress } = await import('../../advisories/reading-progress.js');
  const folder = await mkdtemp(join(tmpdir(), 'tidewaiter-demo-'));
  try {
    for (const record of demoAdvisories(new Date()))
      await writeFile(join(folder, `${record.id}.json`), JSON.stringify(record));
    const sources = await advisorySources(folder);
    await changeAdvisories(async (keeper) => {
      await importFiles(sources, { keeper, listener: new ReadingProgress(true), acceptsRemovals: false });
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function post(url: string, secret: string, body: object | string): Promise<void> {
  const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };
  const response = await fetch(url, {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  if (!response.ok)
    throw new TidewaiterError('DEMO_FAILED', `${url} answered ${response.status}: ${await response.text()}`);
}

/** @throws TidewaiterError `DEMO_FAILED` after a minute */
async function until(isDone: () => Promise<boolean>): Promise<void> {
  for (let poll = 0; poll < pollsMax; poll += 1) {
    if (await isDone()) return;
    await sleep(pollMs);
  }
  throw new TidewaiterError('DEMO_FAILED', 'the fleet of the demo was not evaluated within a minute');
}

function settings(port: number): string {
  const secret = (): string => randomBytes(24).toString('base64url');
  const token = secret();
  return `${mark}
registries:
  - name: demo
    kind: distribution
    url: http://127.0.0.1:${port}
    allowPrivate: true
    webhookSecret: ${secret()}

sensors:
  - name: falco
    kind: falco
    cluster: demo
    token: ${token}
    silentAfter: never
  - name: watch
    kind: kubernetes-watch
    cluster: demo
    token: ${token}
    silentAfter: never

policies:
  - { name: no-secrets, mode: warn }

owners:
  - { repository: 'shop/*', owner: team-shop }

exceptions:
  - { repository: 'shop/*', finding: DEMO-2026-1002, reason: 'Demo: not reachable', owner: team-shop, until: ${dayIn(30)} }

vex: [${vexFile}]

reports:
  - { name: ${reportName}, by: owner, query: 'severity>=medium', schedule: weekly, receiver: team }
`;
}

/** Statements that suppress nothing. */
function vexDocument(at: Date): object {
  const statement = (name: string, product: string, status: string, note: string) => ({
    vulnerability: { name },
    products: [{ '@id': product }],
    status,
    status_notes: note,
  });
  return {
    '@context': 'https://openvex.dev/ns/v0.2.0',
    '@id': 'urn:tidewaiter:demo:vex',
    author: 'Demo: security of team-shop',
    timestamp: at.toISOString(),
    version: 1,
    statements: [
      statement('DEMO-2026-1001', 'pkg:deb/debian/openssl', 'affected', 'Demo: the parser reads requests; upgrade'),
      statement('DEMO-2026-1004', 'pkg:deb/debian/curl', 'under_investigation', 'Demo: whether cookies are set at all'),
    ],
  };
}

function routing(port: number): string {
  const channel = (name: string): string =>
    `  - name: ${name}\n    webhook_configs: [{ url: 'http://127.0.0.1:${port}/chat/${name}', send_resolved: true }]\n`;
  return `${mark}
# \`team\` and \`incidents\` accept, \`retired\` is gone for good, \`maintenance\` is down; messages for \`weekly\` wait.
route:
  receiver: team
  group_by: [repository, tag]
  routes:
    - { receiver: incidents, matchers: ['kind="incident"'], continue: true }
    - { receiver: retired, matchers: ['severity="critical"'], continue: true }
    - { receiver: maintenance, matchers: ['repository="shop/checkout"'], continue: true }
    - { receiver: weekly, matchers: ['repository="shop/web"'], group_wait: 6h }
    - { receiver: team }

receivers:
${['team', 'incidents', 'retired', 'maintenance'].map(channel).join('')}  - name: weekly
    webhook_configs: [{ url: 'http://127.0.0.1:${port}/chat/team' }]
`;
}

/** `2026-12-31`, so many days from now. */
function dayIn(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
}
