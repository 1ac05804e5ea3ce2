import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type RuntimeEvent, Secret, type Severity } from '@tidewaiter/domain';
import { draft, incidentOpened, incidentResolved } from '@tidewaiter/events';
import type { RunningService } from '@tidewaiter/runtime';
import { connect, DeadLetters, Deliveries, type ListedDelivery, Incidents, Store } from '@tidewaiter/store';
import {
  httpSink,
  type HttpSink,
  mailSink,
  type MailSink,
  slackSink,
  type SlackSink,
  throwAwayServers,
  type ThrowAwayServers,
  webhookSink,
} from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { start } from './main.js';

let servers: ThrowAwayServers<{ postgres: true; nats: true; redis: true }>;
let slack: SlackSink;
let mail: MailSink;
let webhook: HttpSink;
let bot: HttpSink;
let notifier: RunningService;
let home: string;
let dataSource: DataSource;
let store: Store;
let incidents: Incidents;
let deliveries: Deliveries;

const event: RuntimeEvent = {
  id: 'event-1',
  source: 'falco',
  sensor: 'falco-eu1',
  cluster: 'eu1',
  at: '2026-11-25T01:02:03.123456789Z',
  rule: 'Terminal shell in container',
  priority: 'warning',
  output: 'A shell was spawned',
  tags: ['T1059'],
  host: 'node-1',
  container: {
    id: '0123456789ab',
    name: 'checkout',
    imageRepository: 'registry.example.com/shop/checkout',
    imageTag: '1',
    imageDigest: null,
  },
  kubernetes: { namespace: 'shop', pod: 'checkout-1' },
  process: { name: 'bash', commandLine: 'bash -i', executable: null, user: 'root' },
};

const sighting = (severity: Severity, rule: string) => ({
  rule,
  subjectKey: rule,
  title: `${rule} in shop/checkout`,
  severity,
  imageRepository: 'registry.example.com/shop/checkout',
  imageTag: '1',
  imageDigest: null,
  namespace: 'shop',
  cluster: 'eu1',
  event: { ...event, rule },
});

/** Opens an incident of this severity, as the detector does; answers its id. */
async function openIncident(severity: Severity, rule: string): Promise<string> {
  return store.transaction(async (tx) => {
    const { incident } = await incidents.see(tx, sighting(severity, rule));
    await tx.emit(draft(incidentOpened, incident.id, { incidentId: incident.id, revision: 1, severity }));
    return incident.id;
  });
}

/** The delivery to a channel once it is in this state. */
async function deliveryIn(state: ListedDelivery['state'], channel: string): Promise<ListedDelivery> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const { items } = await deliveries.list({ limit: 50 });
    const found = items.find((each) => each.channel === channel && each.state === state);
    if (found) return found;
    if (Date.now() > deadline)
      throw new Error(
        `no ${channel} delivery is ${state}: ${items.map((each) => `${each.channel} ${each.state} ${each.code}`).join(', ')}`,
      );
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Slack as bots know it: it has every message that reached it, also those that it did not answer. */
async function slackApi(): Promise<HttpSink> {
  const sink = await httpSink(({ path }) => {
    if (!path.endsWith('/conversations.history')) return { status: 200, body: { ok: true, ts: '1.1' } };
    const messages = posts(sink).map(({ body }) => ({ ts: '1.1', ...(body as object) }));
    return { status: 200, body: { ok: true, messages } };
  });
  return sink;
}

const posts = ({ received }: HttpSink) => received.filter(({ path }) => path.endsWith('/chat.postMessage'));

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true, nats: true, redis: true });
});

beforeEach(async () => {
  [slack, mail, webhook, bot] = await Promise.all([slackSink(), mailSink(), webhookSink(), slackApi()]);
  home = mkdtempSync(join(tmpdir(), 'notifier-'));
  writeFileSync(
    join(home, 'routing.yaml'),
    `
global: { smtp_smarthost: "127.0.0.1:${mail.port}", smtp_from: tidewaiter@example.com, smtp_require_tls: false }
route:
  receiver: nobody
  routes:
    - { receiver: slack, matchers: [ 'severity="critical"' ] }
    - { receiver: mail-and-hook, matchers: [ 'severity="high"', 'kind="incident"', 'repository="shop/checkout"', 'technique="T1059"' ] }
    - { receiver: bot, matchers: [ 'severity="medium"' ] }
receivers:
  - name: nobody
  - { name: slack, slack_configs: [ { api_url: "${slack.webhookUrl}" } ] }
  - { name: bot, slack_configs: [ { app_token: xoxb-1, app_url: "${bot.url}/api/chat.postMessage", channel: C1 } ] }
  - { name: mail-and-hook, email_configs: [ { to: "one@example.com, two@example.com" } ], webhook_configs: [ { url: "${webhook.url}" } ] }
`,
  );
  const database = await servers.postgres.createDatabase();
  notifier = await start({
    TIDEWAITER_DATABASE_URL: database,
    TIDEWAITER_NATS_URL: servers.nats.url,
    TIDEWAITER_REDIS_URL: servers.redis.url,
    TIDEWAITER_ROUTING: join(home, 'routing.yaml'),
    TIDEWAITER_HTTP_PORT: '0',
    TIDEWAITER_LOG_LEVEL: 'silent',
  });
  dataSource = await connect({ url: new Secret(database), poolSize: 3, name: 'test' });
  store = new Store(dataSource, 'test');
  incidents = new Incidents(store);
  deliveries = new Deliveries(store);
});

afterEach(async () => {
  await notifier.stop();
  await dataSource.destroy();
  await Promise.all([slack.stop(), mail.stop(), webhook.stop(), bot.stop()]);
  rmSync(home, { recursive: true });
});

afterAll(async () => servers.stop(), 30_000);

it('goes where the routes say, and keeps a ledger', async () => {
  await openIncident('high', 'shell');
  const sent = await deliveryIn('sent', 'email');
  expect(sent).toMatchObject({
    receiver: 'mail-and-hook',
    route: 'route.routes[1]',
    attempt: 1,
    reference: expect.stringContaining('@'),
  });
  expect(await deliveryIn('sent', 'webhook')).toMatchObject({ receiver: 'mail-and-hook', attempt: 1 });
  expect(mail.received.flatMap(({ recipients }) => recipients).toSorted()).toEqual([
    'one@example.com',
    'two@example.com',
  ]);
  expect(slack.received).toEqual([]);
  await openIncident('low', 'nobody cares');
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect((await deliveries.list({ limit: 10 })).items).toHaveLength(2);
});

it('tries again after a failure, and sends once', async () => {
  slack.next({ status: 500, body: 'server_error' });
  await openIncident('critical', 'shell');
  expect(await deliveryIn('retrying', 'slack')).toMatchObject({
    attempt: 1,
    code: expect.any(String),
    nextAt: expect.any(Date),
  });
  expect(await deliveryIn('sent', 'slack')).toMatchObject({ attempt: 2, code: null });
  expect(slack.received).toHaveLength(2);
});

it('waits as long as Slack asks for', async () => {
  slack.next({ status: 429, headers: { 'retry-after': '4' }, body: 'rate_limited' });
  await openIncident('critical', 'shell');
  const { createdAt } = await deliveryIn('retrying', 'slack');
  const { finishedAt } = await deliveryIn('sent', 'slack');
  expect(finishedAt!.getTime() - createdAt.getTime()).toBeGreaterThanOrEqual(4_000);
});

it('does not forget that a message may have arrived when it cannot look', async () => {
  bot.next('drop', { status: 429, headers: { 'retry-after': '1' } });
  await openIncident('medium', 'shell');
  expect(await deliveryIn('sent', 'slack')).toMatchObject({ attempt: 3, reference: '1.1' });
  expect(posts(bot)).toHaveLength(1);
});

it('looks before it sends again what it could not note as sent', async () => {
  await store.query(
    `CREATE FUNCTION lose() RETURNS trigger AS $$ BEGIN RAISE 'connection lost' USING ERRCODE = '08006'; END $$ LANGUAGE plpgsql`,
  );
  await store.query(
    `CREATE TRIGGER lose BEFORE UPDATE ON delivery FOR EACH ROW WHEN (NEW.state = 'sent') EXECUTE FUNCTION lose()`,
  );
  await openIncident('medium', 'shell');
  expect(await deliveryIn('retrying', 'slack')).toMatchObject({ code: 'DELIVERY_UNCONFIRMED' });
  await store.query('DROP TRIGGER lose ON delivery');
  await deliveryIn('sent', 'slack');
  expect(posts(bot)).toHaveLength(1);
});

it('gives up what the channel will never take, says so, and can be told to try again', async () => {
  slack.next({ status: 404, body: 'no_service' });
  await openIncident('critical', 'shell');
  const failed = await deliveryIn('failed', 'slack');
  expect(failed.reason).not.toContain('/services/');
  const letters = new DeadLetters(store);
  const { items } = await letters.list({ limit: 10 });
  expect(items).toMatchObject([{ stage: 'job', worker: 'delivery', subject: failed.id, attempts: 1 }]);
  await letters.redrive(items[0]!.id);
  expect((await deliveryIn('sent', 'slack')).id).toBe(failed.id);
});

it('tells of an incident as it is, not as it was while nobody was there to tell', async () => {
  await store.transaction(async (tx) => {
    const { incident } = await incidents.see(tx, sighting('high', 'shell'));
    await tx.emit(draft(incidentOpened, incident.id, { incidentId: incident.id, revision: 1, severity: 'high' }));
    await incidents.resolve(tx, incident.id, 'me');
    await tx.emit(draft(incidentResolved, incident.id, { incidentId: incident.id, revision: 2, severity: 'high' }));
  });
  expect(await deliveryIn('sent', 'webhook')).toMatchObject({ alertCount: 1 });
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(webhook.received.map(({ body }) => (body as { status: string }).status)).toEqual(['resolved']);
  expect(mail.received).toEqual([]);
});

it('does not send what was held up after what is newer', async () => {
  webhook.next({ status: 503 });
  const id = await openIncident('high', 'shell');
  await deliveryIn('retrying', 'webhook');
  await store.transaction(async (tx) => {
    await incidents.resolve(tx, id, 'me');
    await tx.emit(draft(incidentResolved, id, { incidentId: id, revision: 2, severity: 'high' }));
  });
  expect(await deliveryIn('superseded', 'webhook')).toMatchObject({ finishedAt: expect.any(Date) });
  await deliveryIn('sent', 'webhook');
  expect(webhook.received.map(({ body }) => (body as { status: string }).status)).toEqual(['firing', 'resolved']);
});

it('tells who asks for it that an incident is over', async () => {
  const id = await openIncident('high', 'shell');
  await deliveryIn('sent', 'webhook');
  await store.transaction(async (tx) => {
    await incidents.resolve(tx, id, 'me');
    await tx.emit(draft(incidentResolved, id, { incidentId: id, revision: 2, severity: 'high' }));
  });
  const [, over] = await webhook.waitFor(2);
  expect(over!.body).toMatchObject({ status: 'resolved', alerts: [expect.objectContaining({ status: 'resolved' })] });
  expect(mail.received).toHaveLength(1);
});
