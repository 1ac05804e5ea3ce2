import { randomUUID } from 'node:crypto';
import { join } from 'node:path';

import { currentRun, freePort } from '@tidewaiter/servers';
import {
  buildImage,
  describeWith,
  type HttpSink,
  programs,
  startDatabase,
  startLayoutRegistry,
  startNatsServers,
  startRedisServers,
  webhookSink,
} from '@tidewaiter/testkit';

import { debian13, dpkgStatus, hardened, writeAdvisories } from './fixtures.js';
import {
  makeHome,
  quiet,
  removeFolders,
  startTidewaiter,
  temporaryFolder,
  type Tidewaiter,
  until,
} from './tidewaiter.js';

interface Cell {
  postgres: 'direct' | 'pgbouncer' | 'failover';
  nats: 'one' | 'cluster';
  redis: 'single' | 'sentinel' | 'cluster';
  tls: boolean;
}

/** Cells in which each kind of server is at least once; `npm run infrastructure` runs all. */
const usual: Cell[] = [
  { postgres: 'pgbouncer', nats: 'one', redis: 'cluster', tls: true },
  { postgres: 'failover', nats: 'cluster', redis: 'sentinel', tls: false },
];

const all: Cell[] = (['direct', 'pgbouncer', 'failover'] as const).flatMap((postgres) =>
  (['one', 'cluster'] as const).flatMap((nats) =>
    (['single', 'sentinel', 'cluster'] as const).flatMap((redis) =>
      [false, true].map((tls) => ({ postgres, nats, redis, tls })),
    ),
  ),
);

const hookSecret = 'hook-secret-of-the-test';
const falcoToken = 'falco-token-of-the-test';
const stops: (() => Promise<void>)[] = [];

async function stopAll(): Promise<void> {
  for (const stop of stops.splice(0).toReversed()) await stop();
}

afterEach(stopAll, 60_000);
afterAll(removeFolders);

function kept<Server extends { stop(): Promise<void> }>(server: Server): Server {
  stops.push(async () => server.stop());
  return server;
}

/** Starts the servers of a cell; returns the variables that name them, and what fails them over. */
async function startServers({ postgres, nats, redis, tls }: Cell) {
  const database = kept(
    await startDatabase({ tls, standby: postgres === 'failover', pooler: postgres === 'pgbouncer' }),
  );
  const bus = kept(await startNatsServers({ servers: nats === 'cluster' ? 3 : 1, tls }));
  const queue = kept(await startRedisServers({ mode: redis, tls }));
  const files = (prefix: string, { ca, clientCert, clientKey }: typeof bus.certificates) => ({
    [`TIDEWAITER_${prefix}_CA_FILE`]: ca,
    [`TIDEWAITER_${prefix}_CERT_FILE`]: clientCert,
    [`TIDEWAITER_${prefix}_KEY_FILE`]: clientKey,
  });
  return {
    variables: {
      TIDEWAITER_DATABASE_URL: await database.createDatabase(),
      TIDEWAITER_NATS_URL: bus.url,
      TIDEWAITER_REDIS_URL: queue.url,
      ...(nats === 'cluster' && { TIDEWAITER_NATS_REPLICAS: '3' }),
      ...(tls && { ...files('NATS', bus.certificates), ...files('REDIS', queue.certificates) }),
    },
    async disturb() {
      if (postgres === 'failover') await database.failOver('kill');
      if (nats === 'cluster') await bus.restart(await bus.killLeader('TIDEWAITER'));
      if (redis === 'sentinel') await queue.killPrimary();
    },
  };
}

async function startPlatform(variables: Record<string, string>, sink: HttpSink): Promise<Tidewaiter> {
  const layout = temporaryFolder();
  await buildImage(layout, { tag: '1', layers: [[debian13], [dpkgStatus({ openssl: '3.0.15-1' })]], config: hardened });
  const names = Array.from({ length: rounds }, (_, round) => [`shop/app-${round}`, layout] as const);
  const registry = kept(await startLayoutRegistry(new Map(names)));
  const home = makeHome({
    'tidewaiter.yaml': `
registries: [ { name: main, kind: distribution, url: "${registry.url}", webhookSecret: ${hookSecret}, allowPrivate: true } ]
sensors: [ { name: falco-eu1, kind: falco, cluster: eu1, token: ${falcoToken} } ]
`,
    'routing.yaml': `
route: { receiver: all, group_by: [repository, rule_of_incident], routes: [ { receiver: all, matchers: [ 'kind =~ "vulnerability|incident"' ] } ] }
receivers: [ { name: all, webhook_configs: [ { url: "${sink.url}" } ] } ]
`,
  });
  const advisory = { id: 'CVE-2026-1001', package: 'openssl', fixed: '3.0.17-1', severity: 'CRITICAL' } as const;
  // The launcher and its commands take the servers from the environment.
  Object.assign(process.env, variables);
  stops.push(async () => {
    for (const name of Object.keys(variables)) delete process.env[name];
  });
  const tidewaiter = kept(await startTidewaiter(home, await freePort()));
  await tidewaiter.command('advisories', 'import', writeAdvisories(join(home, 'osv'), [advisory]));
  return tidewaiter;
}

const rounds = 2;

/** Sends a webhook as its sender does: again until it is accepted. */
async function send(url: string, token: string, body: object): Promise<void> {
  await until('the hook is accepted', async () => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) }).catch(() => null);
    return answer?.status === 202;
  });
}

async function pushAndEvent({ ingestUrl }: Tidewaiter, round: number): Promise<void> {
  const target = { repository: `shop/app-${round}`, tag: '1', mediaType: 'application/vnd.oci.image.manifest.v1+json' };
  await send(`${ingestUrl}/hooks/registry/main`, hookSecret, {
    events: [{ id: `push-${round}`, action: 'push', timestamp: new Date().toISOString(), target }],
  });
  await send(`${ingestUrl}/hooks/runtime/falco-eu1`, falcoToken, {
    ...{ uuid: randomUUID(), output: 'a shell', priority: 'Critical', rule: `Shell in round-${round}` },
    ...{ time: new Date().toISOString(), source: 'syscall', hostname: `node-${round}`, tags: ['T1059', 'shell'] },
    output_fields: {
      ...{ 'container.id': `0123456789a${round}`, 'k8s.ns.name': `ns-${round}`, 'k8s.pod.name': `pod-${round}` },
      ...{ 'proc.name': 'bash', 'proc.cmdline': 'bash -i', 'user.name': 'root' },
    },
  });
}

async function isReady({ home }: Tidewaiter): Promise<boolean> {
  const { services } = (await currentRun(join(home, '.tidewaiter')))!;
  const answers = await Promise.all(services.map(async ({ healthUrl }) => fetch(`${healthUrl}/readyz`)));
  return answers.every(({ status }) => status === 200);
}

describeWith(programs('pgbouncer'))('the platform on the servers of a site', () => {
  it.each(process.env['INFRASTRUCTURE_MATRIX'] === 'all' ? all : usual)(
    'sends one message for each push and event: PostgreSQL $postgres, NATS $nats, Redis $redis, mTLS $tls',
    async (cell) => {
      const sink = kept(await webhookSink());
      const { variables, disturb } = await startServers(cell);
      const tidewaiter = await startPlatform(variables, sink);
      const messagesOf = (text: string) => sink.received.filter((request) => request.text.includes(text)).length;
      const subjects = (round: number) => [`shop/app-${round}`, `Shell in round-${round}`];
      for (let round = 0; round < rounds; round += 1) {
        if (round > 0) await disturb();
        await pushAndEvent(tidewaiter, round);
        for (const subject of subjects(round))
          await until(`a message about ${subject}`, () => messagesOf(subject) > 0, 120_000);
      }
      await until('every service is ready', async () => isReady(tidewaiter));
      await quiet();
      for (const subject of [0, 1].flatMap(subjects)) expect([subject, messagesOf(subject)]).toEqual([subject, 1]);
    },
    300_000,
  );
});
