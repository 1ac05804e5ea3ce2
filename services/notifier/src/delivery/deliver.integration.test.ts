import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Incident, Secret, type Severity } from '@tidewaiter/domain';
import { type DataOf, draft, incidentOpened } from '@tidewaiter/events';
import { type Message, repeatedMessage } from '@tidewaiter/messages';
import type { RunningService } from '@tidewaiter/runtime';
import {
  connect,
  DeadLetters,
  Deliveries,
  type ListedDelivery,
  Incidents,
  IncidentTriage,
  Redrives,
  Store,
} from '@tidewaiter/store';
import {
  type HttpSink,
  jiraSink,
  type JiraSink,
  mailSink,
  type MailSink,
  minerIncident,
  slackSink,
  type SlackSink,
  snsSink,
  type SnsSink,
  throwAwayServers,
  type ThrowAwayServers,
  uuidOf,
  webhookSink,
} from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { start } from '../main.js';

let servers: ThrowAwayServers<{ postgres: true; nats: true; redis: true }>;
let slack: SlackSink;
let mail: MailSink;
let webhook: HttpSink;
let bot: SlackSink;
let jira: JiraSink;
let sns: SnsSink;
const topicArn = 'arn:aws:sns:eu-central-1:123456789012:alerts';
let notifier: RunningService;
let home: string;
let dataSource: DataSource;
let store: Store;
let incidents: Incidents;
let deliveries: Deliveries;

const incident = (severity: Severity, name: string, more: Partial<Incident> = {}): Incident =>
  minerIncident({ id: uuidOf(name), title: `${name} in shop/checkout`, severity, ...more });

/** Stores an incident as the detector would; returns its id. */
async function changeIncident(severity: Severity, name: string, more: Partial<Incident> = {}): Promise<string> {
  const change = { kind: 'updated' as const, incident: incident(severity, name, more) };
  await store.transaction((tx) => incidents.apply(tx, [change]));
  return change.incident.id;
}

const openIncident = async (severity: Severity, name: string) => changeIncident(severity, name);

const resolve = async (id: string) => store.transaction((tx) => new IncidentTriage().resolve(tx, id, 'me'));

/** Waits until a delivery to the channel is in this state, and returns it. */
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

const posts = ({ received }: HttpSink) => received.filter(({ path }) => path.endsWith('/chat.postMessage'));

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true, nats: true, redis: true });
});

beforeEach(async () => {
  [slack, mail, webhook, bot] = await Promise.all([slackSink(), mailSink(), webhookSink(), slackSink()]);
  [jira, sns] = await Promise.all([jiraSink('cloud'), snsSink()]);
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
    - { receiver: tracker, matchers: [ 'severity="negligible"' ] }
receivers:
  - name: nobody
  - { name: slack, slack_configs: [ { api_url: "${slack.webhookUrl}" } ], fallback: by-mail }
  - { name: by-mail, email_configs: [ { to: "oncall@example.com" } ] }
  - { name: bot, slack_configs: [ { app_token: xoxb-1, app_url: "${bot.apiUrl}/chat.postMessage", channel: C0000001 } ] }
  - name: tracker
    jira_configs: [ { api_url: "${jira.apiUrl(3)}", project: SEC, issue_type: Bug, resolve_transition: Resolve, http_config: { basic_auth: { username: u, password: p } } } ]
    sns_configs: [ { api_url: "${sns.url}", topic_arn: "${topicArn}" } ]
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
    AWS_ACCESS_KEY_ID: sns.accessKey,
    AWS_SECRET_ACCESS_KEY: sns.secretKey,
  });
  dataSource = await connect({ url: new Secret(database), poolSize: 3, name: 'test' });
  store = new Store(dataSource, 'test');
  incidents = new Incidents(store);
  deliveries = new Deliveries(store);
});

afterEach(async () => {
  await notifier.stop();
  await dataSource.destroy();
  await Promise.all([slack, mail, webhook, bot, jira, sns].map(async (sink) => sink.stop()));
  rmSync(home, { recursive: true });
});

afterAll(async () => servers.stop(), 30_000);

it('delivers by the routes, and records every step', async () => {
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

it('sends to the fallback what a channel refuses for good', async () => {
  slack.next({ status: 404, body: 'channel_is_archived' });
  await openIncident('critical', 'shell');
  expect(await deliveryIn('sent', 'email')).toMatchObject({ receiver: 'by-mail' });
  expect(await deliveryIn('failed', 'slack')).toMatchObject({ receiver: 'slack', code: 'SLACK_REFUSED' });
  expect(mail.received.flatMap(({ recipients }) => recipients)).toEqual(['oncall@example.com']);
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
  bot.next('swallow', { status: 429, headers: { 'retry-after': '1' } });
  await openIncident('medium', 'shell');
  expect(await deliveryIn('sent', 'slack')).toMatchObject({
    attempt: 3,
    reference: expect.stringMatching(/^C0000001\//),
  });
  expect(posts(bot)).toHaveLength(1);
});

it('looks up an unconfirmed delivery before it sends again', async () => {
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

it('looks for a message that a restored database does not know to be sent', async () => {
  const id = await openIncident('medium', 'shell');
  const { reference } = await deliveryIn('sent', 'slack');
  const [event] = await store.query<{ data: object }>(
    `SELECT data FROM outbox WHERE type = $1 AND data ->> 'incidentId' = $2`,
    [incidentOpened.type, id],
  );
  await store.query('DELETE FROM delivery');
  await store.query(
    `UPDATE database_life SET restore = jsonb_build_object('recognizedAt', now(), 'copyOf', now() - interval '1 minute')`,
  );
  await store.transaction(async (tx) =>
    tx.emit(draft(incidentOpened, id, event!.data as DataOf<typeof incidentOpened>)),
  );
  expect(await deliveryIn('sent', 'slack')).toMatchObject({ attempt: 1, reference });
  expect(posts(bot)).toHaveLength(1);
});

it('uses up no try while the channel is left alone', async () => {
  for (let failures = 0; failures < 20; failures += 1) slack.next({ status: 500, body: 'server_error' });
  for (let message = 0; message < 6; message += 1) await openIncident('critical', `shell ${message}`);
  let rows: { tries: number; taken: number; putBack: number }[] = [];
  while (rows.length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    rows = await store.query(
      `SELECT delivery.attempt AS tries, job.attempt AS taken, put_back AS "putBack" FROM delivery JOIN job ON key = delivery.id::text
       WHERE channel = 'slack' AND delivery.state = 'retrying' AND delivery.code = 'CHANNEL_CIRCUIT_OPEN' AND job.state = 'queued' AND put_back > 0`,
    );
  }
  for (const { tries, taken, putBack } of rows) expect(taken).toBe(tries + putBack);
});

it('gives up what the channel refuses for good, with a dead letter that can be redriven', async () => {
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

it('sends redriven deliveries, and accepted ones only as marked repetitions', async () => {
  slack.next({ status: 404, body: 'no_service' });
  await openIncident('critical', 'shell');
  const failed = await deliveryIn('failed', 'slack');
  const redrives = new Redrives(store, deliveries);
  expect(await redrives.redrive(failed.id, 'jane')).toMatchObject({ outcome: 'redriven' });
  expect(await deliveryIn('sent', 'slack')).toMatchObject({ id: failed.id, attempt: 1 });
  expect((await deliveries.steps(failed.id)).map(({ kind }) => kind)).toEqual(['made', 'given-up', 'redriven', 'sent']);
  expect(await deliveries.story(failed.id)).toMatchObject({ derived: [{ kind: 'fallback', receiver: 'by-mail' }] });

  const again = (message: Message) => repeatedMessage(message, 'jane');
  expect(await redrives.redrive(failed.id, 'jane')).toMatchObject({ outcome: 'accepted' });
  const { id } = await redrives.redrive(failed.id, 'jane', again);
  const [, , repetition] = await slack.waitFor(3);
  expect(JSON.stringify(repetition!.body)).toContain('Sent again, as jane asked.');
  while ((await deliveries.get(id))?.state !== 'sent') await new Promise((resolve) => setTimeout(resolve, 50));
});

it('sends the current state of an incident, not the states of a time without a notifier', async () => {
  const { id, ...rest } = incident('high', 'shell');
  await store.transaction(async (tx) => {
    await incidents.apply(tx, [{ kind: 'opened', incident: { id, ...rest } }]);
    await new IncidentTriage().resolve(tx, id, 'me');
  });
  expect(await deliveryIn('sent', 'webhook')).toMatchObject({ alertCount: 1 });
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(webhook.received.map(({ body }) => (body as { status: string }).status)).toEqual(['resolved']);
  expect(mail.received).toEqual([]);
});

it('does not send an old state after a newer one', async () => {
  webhook.next({ status: 503 });
  const id = await openIncident('high', 'shell');
  await deliveryIn('retrying', 'webhook');
  await resolve(id);
  expect(await deliveryIn('superseded', 'webhook')).toMatchObject({ finishedAt: expect.any(Date) });
  await deliveryIn('sent', 'webhook');
  expect(webhook.received.map(({ body }) => (body as { status: string }).status)).toEqual(['firing', 'resolved']);
});

it('sends the end of an incident to channels with send_resolved', async () => {
  const id = await openIncident('high', 'shell');
  await deliveryIn('sent', 'webhook');
  await resolve(id);
  const [, over] = await webhook.waitFor(2);
  expect(over!.body).toMatchObject({ status: 'resolved', alerts: [expect.objectContaining({ status: 'resolved' })] });
  expect(mail.received).toHaveLength(1);
});

it('keeps one issue of an incident in Jira, and publishes its beginning and end to a topic', async () => {
  const id = await openIncident('negligible', 'shell');
  expect(await deliveryIn('sent', 'jira')).toMatchObject({ receiver: 'tracker', reference: 'SEC-1' });
  await deliveryIn('sent', 'sns');
  await resolve(id);
  await sns.waitFor(2);
  while (jira.issues[0]?.status !== 'Done') await new Promise((done) => setTimeout(done, 50));
  expect(jira.issues).toMatchObject([
    { key: 'SEC-1', resolution: 'Done', fields: { summary: expect.stringMatching(/^Resolved · /) } },
  ]);
  expect(sns.messages(topicArn).map(({ subject }) => subject?.split(' · ')[0])).toEqual(['Negligible', 'Resolved']);
});

describe('a bot', () => {
  const state = (revision: number, severity: Severity, steps: number) =>
    changeIncident(severity, 'shell', { revision, steps: minerIncident().steps.slice(0, steps) });
  const sentRevisions = async (count: number) => {
    for (;;) {
      const rows = await store.query<{ revision: number; state: string }>(
        `SELECT revision, state FROM delivery WHERE receiver = 'bot' ORDER BY revision`,
      );
      if (rows.length === count && rows.every((row) => ['sent', 'superseded'].includes(row.state))) return rows;
      await new Promise((done) => setTimeout(done, 50));
    }
  };

  it('keeps one message of an incident, also when the routes lead elsewhere by now', async () => {
    const id = await state(1, 'medium', 1);
    await sentRevisions(1);
    await state(2, 'medium', 2);
    await sentRevisions(2);
    // The bot's route matches medium severity; the critical route leads to an incoming webhook.
    await state(3, 'critical', 2);
    await sentRevisions(3);
    await deliveryIn('sent', 'slack');
    await resolve(id);
    await sentRevisions(4);
    const [message, loud, ...others] = bot.channel('C0000001');
    expect(others).toEqual([]);
    expect(message).toMatchObject({ text: expect.stringMatching(/^Resolved · /), edits: 3 });
    expect(loud).toMatchObject({
      subtype: 'thread_broadcast',
      text: expect.stringContaining('from medium to critical'),
    });
    expect(bot.thread('C0000001', message!.ts).map(({ text }) => text.split(': ').at(-1))).toEqual([
      'Connection to mining pool (T1496.001)',
      'Severity rose from medium to critical',
    ]);
    // The other channels got only what goes to all channels.
    expect(slack.received).toHaveLength(1);
  });

  it('merges states that change faster than they are sent', async () => {
    for (const revision of [1, 2, 3, 4]) await state(revision, 'medium', Math.min(revision, 2));
    await changeIncident('medium', 'shell', { revision: 9, findings: ['drift', 'miner', 'other'] });
    await sentRevisions(3);
    const messages = bot.channel('C0000001');
    expect(messages).toHaveLength(1);
    expect(JSON.stringify(messages[0]!.blocks)).toContain('Connection to mining pool');
  });
});
