import { randomUUID } from 'node:crypto';
import { join } from 'node:path';

import { freePort } from '@tidewaiter/servers';
import {
  buildImage,
  describeWith,
  type HttpSink,
  programs,
  startLayoutRegistry,
  webhookSink,
} from '@tidewaiter/testkit';

import { debian13, dpkgStatus, hardened, writeAdvisories } from '../fixtures.js';
import {
  makeHome,
  quiet,
  removeFolders,
  startTidewaiter,
  temporaryFolder,
  type Tidewaiter,
  until,
} from '../tidewaiter.js';
import { allCells, type Outage, startServers, usualCells } from './cells.js';
import { type ReadinessWatch, watchReadiness } from './readiness.js';
import { type OutageTimes, reportCell } from './report.js';

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

async function startPlatform(
  variables: Record<string, string>,
  { sink, rounds }: { sink: HttpSink; rounds: number },
): Promise<Tidewaiter> {
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
route: { receiver: all, group_wait: 1s, group_by: [repository, rule_of_incident], routes: [ { receiver: all, matchers: [ 'kind =~ "vulnerability|incident"' ] } ] }
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

/**
 * Sends a push and an event in an outage, and ends it. What takes over by itself has to bring both
 * messages while the outage lasts.
 */
async function storyIn(
  outage: Outage,
  { readiness, story }: { readiness: ReadinessWatch; story: { send(): Promise<void>; untilNotified(): Promise<void> } },
): Promise<OutageTimes> {
  const beganAt = performance.now();
  await outage.begin();
  const { heals, name } = outage;
  if (heals) {
    await story.send();
    await story.untilNotified();
    const notifiedMs = performance.now() - beganAt;
    await readiness.untilReady();
    const recoveredMs = Math.max(0, readiness.lastNotReadyAt() - beganAt);
    await outage.end();
    await readiness.untilReady();
    return { name, namedMs: null, notifiedMs, recoveredMs };
  }
  await readiness.untilNamed(outage);
  const namedMs = performance.now() - beganAt;
  await story.send();
  const endedAt = performance.now();
  await outage.end();
  await story.untilNotified();
  const notifiedMs = performance.now() - endedAt;
  await readiness.untilReady();
  return { name, namedMs, notifiedMs, recoveredMs: Math.max(0, readiness.lastNotReadyAt() - endedAt) };
}

describeWith(programs('pgbouncer'))('the platform on the servers of a site', () => {
  it.each(process.env['INFRASTRUCTURE_MATRIX'] === 'all' ? allCells : usualCells)(
    'sends one message for each push and event: PostgreSQL $postgres, NATS $nats ($signIn), Redis $redis, mTLS $tls',
    async (cell) => {
      const sink = kept(await webhookSink());
      const { variables, outages } = await startServers(cell, kept);
      const rounds = outages.length + 1;
      const tidewaiter = await startPlatform(variables, { sink, rounds });
      const readiness = kept(await watchReadiness(tidewaiter));
      // A message whose answer was lost is sent again under its id.
      const messagesOf = (text: string) =>
        new Set(
          sink.received.filter((request) => request.text.includes(text)).map(({ headers }) => headers['webhook-id']),
        ).size;
      const subjects = (round: number) => [`shop/app-${round}`, `Shell in round-${round}`];
      const storyOf = (round: number) => ({
        send: async () => pushAndEvent(tidewaiter, round),
        async untilNotified() {
          for (const subject of subjects(round))
            await until(`a message about ${subject}`, () => messagesOf(subject) > 0, 300_000);
        },
      });
      const times: OutageTimes[] = [];
      const all = Array.from({ length: rounds }, (_, round) => subjects(round)).flat();
      try {
        const first = storyOf(0);
        await first.send();
        await first.untilNotified();
        for (const [index, outage] of outages.entries())
          times.push(await storyIn(outage, { readiness, story: storyOf(index + 1) }));
        await quiet();
      } finally {
        const { size } = new Set(sink.received.map(({ headers }) => headers['webhook-id']));
        reportCell({ cell, outages, times, messages: all.map(messagesOf), repeated: sink.received.length - size });
      }
      expect(all.map((subject) => [subject, messagesOf(subject)])).toEqual(all.map((subject) => [subject, 1]));
    },
    1_200_000,
  );
});
