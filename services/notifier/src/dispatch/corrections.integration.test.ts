import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { countBySeverity, type Finding, findingOf, Secret, type Signature } from '@tidewaiter/domain';
import { draft, imageAnalyzed, imageReexamined } from '@tidewaiter/events';
import type { RunningService } from '@tidewaiter/runtime';
import {
  connect,
  Deliveries,
  Images,
  type ListedDelivery,
  Provenances,
  Pushes,
  SilenceLedger,
  Store,
  TagLedger,
} from '@tidewaiter/store';
import {
  type HttpSink,
  slackSink,
  type SlackPost,
  type SlackSink,
  throwAwayServers,
  type ThrowAwayServers,
  webhookSink,
} from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { start } from '../main.js';

const channel = 'C0000001';

let servers: ThrowAwayServers<{ postgres: true; nats: true; redis: true }>;
let slack: SlackSink;
let webhook: HttpSink;
let notifier: RunningService;
let home: string;
let dataSource: DataSource;
let store: Store;
let pushes: Pushes;
let provenances: Provenances;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true, nats: true, redis: true });
});

beforeEach(async () => {
  [slack, webhook] = await Promise.all([slackSink(), webhookSink()]);
  home = mkdtempSync(join(tmpdir(), 'notifier-'));
  const bot = `app_token: xoxb-1, app_url: "${slack.apiUrl}/chat.postMessage", channel: ${channel}`;
  writeFileSync(
    join(home, 'routing.yaml'),
    `
route:
  receiver: bot
  routes:
    - { receiver: loud, matchers: [ 'repository="shop/loud"' ] }
    - { receiver: hook, matchers: [ 'repository="shop/hook"' ] }
    - { receiver: bot, matchers: [ 'repository=~"shop/waits.*"' ], group_wait: 3s }
    - { receiver: machine, matchers: [ 'repository="shop/machine"' ], group_wait: 3s }
receivers:
  - { name: bot, slack_configs: [ { ${bot} } ] }
  - { name: loud, slack_configs: [ { ${bot}, send_resolved: true } ] }
  - { name: machine, webhook_configs: [ { url: "${webhook.url}", send_resolved: true } ] }
  - { name: hook, slack_configs: [ { api_url: "${slack.webhookUrl}", send_resolved: true } ] }
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
  pushes = new Pushes(store);
  provenances = new Provenances(store);
});

afterEach(async () => {
  await notifier.stop();
  await dataSource.destroy();
  await Promise.all([slack.stop(), webhook.stop()]);
  rmSync(home, { recursive: true });
});

afterAll(async () => servers.stop(), 30_000);

interface PushedImage {
  pushId: string;
  connection: string;
  repository: string;
  tag: string;
  digest: string;
  findings: Finding[];
}

const secret = (): Finding =>
  findingOf({
    kind: 'secret',
    id: 'private-key',
    severity: 'high',
    title: 'Private key in app/key.pem',
    layer: null,
    state: 'present',
    fingerprint: 'private-key app/key.pem',
    path: 'app/key.pem',
  });

const unsigned = (repository: string): Finding =>
  findingOf({
    kind: 'supply-chain',
    id: 'image-unsigned',
    severity: 'high',
    title: 'Not signed by release',
    layer: null,
    state: 'present',
    fingerprint: `image-unsigned ${repository}`,
  });

/** Leaves what an unsigned push leaves that the scanner has analyzed, and announces it. */
async function push(repository: string, more: Finding[] = [], previous: string | null = null): Promise<PushedImage> {
  const digest = `sha256:${(previous === null ? 'a' : 'b').repeat(64)}`;
  const place = { connection: 'main', repository, tag: '1' };
  const findings = [unsigned(repository)];
  const [pushId = ''] = await store.transaction(async (tx) =>
    pushes.add(tx, [
      { ...place, claimedDigest: digest, artifact: 'image', attachedTo: null, pushedBy: 'jane', pushedAt: null },
    ]),
  );
  const added = (await pushes.get(pushId))!;
  const counts = countBySeverity([...findings, ...more]);
  await store.transaction(async (tx) => {
    const image = { digest, mediaType: 'm', configDigest: digest, platform: 'linux/amd64', labels: {}, layers: [] };
    const build = { createdAt: null, baseCreatedAt: null, user: null, configVersion: null };
    await new Images(store).add(tx, [{ ...image, ...build, findings: more }]);
    await pushes.resolved(tx, added, { digest, mediaType: 'm', registryHost: 'r:5000', imageDigests: [digest] });
    await provenances.put(tx, place, digest, null, findings);
    await pushes.analyzed(tx, pushId, { verdict: 'fail', counts, warnings: [] });
    const about = { ...place, pushId, digest, previousDigest: previous, platforms: [], changes: null };
    await tx.emit(draft(imageAnalyzed, `${repository}:1`, { ...about, counts, verdict: 'fail' }));
  });
  return { pushId, ...place, digest, findings };
}

/** Leaves what a late signature leaves, and announces what it ends. */
async function sign({ findings, ...about }: PushedImage): Promise<void> {
  const { digest, pushId, ...place } = about;
  const signer = { name: 'release', keyFingerprint: 'sha256:1', identity: null, issuer: null };
  const signature: Signature = { verified: true, code: null, reason: null, signer, subject: digest, artifact: digest };
  await store.transaction(async (tx) => {
    const known = { signatures: [signature], attestations: [], vex: [], warnings: [] };
    await provenances.put(tx, place, digest, known, []);
    const signers = await provenances.signers(tx, pushId);
    const state = { previousDigest: null, counts: countBySeverity([]), verdict: 'pass', isCurrent: true } as const;
    await tx.emit(
      draft(imageReexamined, `${place.repository}:1`, {
        ...about,
        ...state,
        opened: [],
        resolved: findings.map(({ id, fingerprint, severity, title }) => ({ id, fingerprint, severity, title })),
        signers,
      }),
    );
  });
}

/** Leaves what a look at the registry leaves that finds a tag gone, or with other content. */
async function remove(repository: string, digest: string | null = null): Promise<void> {
  const ledger = new TagLedger(store);
  const askedAt = await ledger.now();
  const place = { connection: 'main', repository };
  await store.transaction(async (tx) => ledger.observed(tx, place, new Map([['1', digest]]), { askedAt }));
}

/** The value as soon as it is as expected. */
async function until<T>(read: () => T | Promise<T>, isExpected: (value: T) => boolean): Promise<T> {
  for (const end = Date.now() + 30_000; ;) {
    const value = await read();
    if (isExpected(value)) return value;
    if (Date.now() > end) throw new Error(`not within 30 s: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

async function listed(): Promise<ListedDelivery[]> {
  return (await new Deliveries(store).list({ limit: 50 })).items.toReversed();
}

async function statesAre(...states: ListedDelivery['state'][]): Promise<ListedDelivery[]> {
  return until(listed, (all) => all.map(({ state }) => state).join() === states.join());
}

/** Waits until all events of images are handled, and a moment more for wrong effects. */
async function settled(): Promise<void> {
  await until(
    async () =>
      store.query(`SELECT id FROM outbox WHERE type LIKE '%.image.%' AND id NOT IN (SELECT event_id FROM inbox)`),
    (unhandled) => unhandled.length === 0,
  );
  await new Promise((resolve) => setTimeout(resolve, 500));
}

const blockTexts = ({ blocks }: SlackPost): string => JSON.stringify(blocks);
const calls = ({ received }: HttpSink, method: string) => received.filter(({ path }) => path.endsWith(method));

describe('a signature that comes after a bot announced its push', () => {
  it('edits the message to name the signer and the time', async () => {
    const image = await push('shop/app');
    await statesAre('sent');
    expect(slack.channel(channel)[0]!.text).toContain('First push of shop/app:1 has 1 critical or high finding');
    await sign(image);
    await statesAre('sent', 'sent');
    const [post, ...others] = slack.channel(channel);
    expect(others).toEqual([]);
    expect(post).toMatchObject({
      edits: 1,
      text: expect.stringMatching(/^Resolved · shop\/app:1: signed by release after the push\. /),
    });
    expect(post!.text).toMatch(/Signed by release on \d{4}-\d\d-\d\d \d\d:\d\d UTC, after the push was announced\. /);
    expect(post!.text).toContain('No longer found: Not signed by release.');
    // Good news that nobody asked for disturbs nobody.
    expect(slack.thread(channel, post!.ts)).toEqual([]);
  });

  it('keeps other findings in the message', async () => {
    const image = await push('shop/app', [secret()]);
    await statesAre('sent');
    expect(blockTexts(slack.channel(channel)[0]!)).toContain('Not signed by release');
    await sign(image);
    await statesAre('sent', 'sent');
    const [post] = slack.channel(channel);
    expect(post!.text).toMatch(
      /^High · First push of shop\/app:1 has 1 critical or high finding\. Signed by release on /,
    );
    const [before, after] = blockTexts(post!).split('*No longer found*');
    expect(before).toContain('Private key in app/key.pem');
    expect(before).not.toContain('Not signed');
    expect(after).toContain('Not signed by release');
  });

  it('is a note in the thread where good news is asked for, and no second message', async () => {
    const image = await push('shop/loud');
    await statesAre('sent');
    await sign(image);
    await statesAre('sent', 'sent');
    const [post, ...others] = slack.channel(channel);
    expect(others).toEqual([]);
    expect(slack.thread(channel, post!.ts).map(({ text }) => text)).toEqual([
      expect.stringMatching(/: Signed by release on .* UTC\. No longer found: Not signed by release\.$/),
    ]);
  });

  it('changes nothing a second time', async () => {
    const image = await push('shop/app', [secret()]);
    await statesAre('sent');
    await sign(image);
    await statesAre('sent', 'sent');
    await sign(image);
    await settled();
    await statesAre('sent', 'sent');
    expect(slack.channel(channel)).toMatchObject([{ edits: 1 }]);
  });

  it('keeps the changes of an earlier correction', async () => {
    const image = await push('shop/app', [secret()]);
    const other = { ...image.findings[0]!, id: 'identity-missing', fingerprint: 'other', title: 'Signature missing' };
    await statesAre('sent');
    await store.query(`UPDATE delivery SET alerts = alerts || jsonb_set(alerts->0, '{identity}', to_jsonb($1::text))`, [
      JSON.stringify(['finding', 'r:5000', 'shop/app', '1', 'other']),
    ]);
    await sign(image);
    await statesAre('sent', 'sent');
    await sign({ ...image, findings: [other] });
    await statesAre('sent', 'sent', 'sent');
    const [post] = slack.channel(channel);
    expect(post).toMatchObject({ edits: 2 });
    expect(blockTexts(post!).split('*No longer found*')[1]).toMatch(/Not signed by release.*Signature missing/s);
  });

  it('is a message of its own behind an incoming webhook', async () => {
    const image = await push('shop/hook');
    await statesAre('sent');
    await sign(image);
    await statesAre('sent', 'sent');
    expect(slack.received.map(({ path }) => path)).toEqual([
      '/services/T000/B000/secret',
      '/services/T000/B000/secret',
    ]);
    expect(slack.received[1]!.body).toMatchObject({ text: expect.stringContaining('Resolved · shop/hook:1') });
  });
});

describe('a signature that comes before the message of its push was delivered', () => {
  it('keeps a message from being sent of which nothing is left', async () => {
    slack.next({ status: 503 });
    const image = await push('shop/loud');
    await statesAre('retrying');
    await sign(image);
    const [, correction] = await statesAre('superseded', 'sent');
    expect(correction).toMatchObject({ reason: 'the channel has no message to edit', reference: null });
    expect(slack.channel(channel)).toEqual([]);
  });

  it('reduces the message to the remaining findings', async () => {
    slack.next({ status: 503 });
    const image = await push('shop/app', [secret()]);
    await statesAre('retrying');
    await sign(image);
    await statesAre('superseded', 'sent');
    const [post, ...others] = slack.channel(channel);
    expect(others).toEqual([]);
    expect(post!.text).toContain('has 1 critical or high finding. Signed by release on ');
  });

  it('corrects a message that arrived without a confirmation', async () => {
    slack.next('swallow');
    const image = await push('shop/app');
    await statesAre('retrying');
    expect(slack.channel(channel)).toHaveLength(1);
    await sign(image);
    await statesAre('superseded', 'sent');
    expect(slack.channel(channel)).toMatchObject([{ edits: 1, text: expect.stringContaining('Resolved · ') }]);
  });

  it('is not sent for a message that waits for its group', async () => {
    const image = await push('shop/waits');
    await statesAre('held');
    await sign(image);
    await statesAre('suppressed');
    expect(slack.received).toEqual([]);
  });

  it('corrects a message that waited alone', async () => {
    const image = await push('shop/waits');
    await statesAre('sent');
    await sign(image);
    await statesAre('sent', 'sent');
    expect(slack.channel(channel)).toMatchObject([{ edits: 1 }]);
  });
});

describe('a message that waited', () => {
  const titlesAndTexts = () => slack.channel(channel).map((post) => `${post.text} ${blockTexts(post)}`);

  it('counts and lists the remaining findings of its push', async () => {
    const image = await push('shop/waits', [secret()]);
    await statesAre('held');
    await sign(image);
    const [sent] = await statesAre('sent');
    expect(sent!.alertCount).toBe(1);
    const [post, ...others] = titlesAndTexts();
    expect(others).toEqual([]);
    expect(post).toMatch(/^High · First push of shop\/waits:1 has 1 critical or high finding\. Found: 1 high\./);
    expect(post).not.toContain('Not signed');
  });

  it('gives machines the alerts that are left', async () => {
    const image = await push('shop/machine', [secret()]);
    await statesAre('held');
    await sign(image);
    await statesAre('sent', 'suppressed');
    expect(webhook.received.map(({ body }) => body)).toMatchObject([
      { alerts: [{ status: 'firing', labels: { rule: 'private-key' } }] },
    ]);
  });

  it('leaves out the push of which nothing is left', async () => {
    const image = await push('shop/waits-one');
    await statesAre('held');
    await push('shop/waits-two');
    await statesAre('held', 'held');
    await sign(image);
    await statesAre('suppressed', 'sent');
    const [post, ...others] = titlesAndTexts();
    expect(others).toEqual([]);
    expect(post).toContain('First push of shop/waits-two:1 has 1 critical or high finding');
    expect(post).not.toContain('waits-one');
  });

  it('counts findings that a later push fixed as over', async () => {
    const first = await push('shop/waits', [secret()]);
    await statesAre('held');
    await push('shop/waits', [], first.digest);
    await settled();
    const [post, ...others] = await until(
      () => titlesAndTexts(),
      ({ length }) => length > 0,
    );
    expect(others).toEqual([]);
    expect(post).toContain('1 critical or high finding');
    expect(post).not.toContain('Private key');
  });

  it('is not sent when its tag was deleted', async () => {
    await push('shop/waits', [secret()]);
    await statesAre('held');
    await remove('shop/waits');
    await statesAre('suppressed');
    expect(slack.received).toEqual([]);
  });

  it('is sent when its tag was moved to content that is not analyzed', async () => {
    await push('shop/waits', [secret()]);
    await statesAre('held');
    await remove('shop/waits', `sha256:${'c'.repeat(64)}`);
    await statesAre('sent');
    expect(titlesAndTexts()[0]).toContain('has 2 critical or high findings');
  });

  it('lists the remaining findings when a silence ends', async () => {
    const silences = new SilenceLedger(store);
    const [startsAt, endsAt] = [new Date(), new Date(Date.now() + 3_600_000)];
    const silence = { matchers: ['repository="shop/app"'], startsAt, endsAt, createdBy: 'jane', comment: 'known' };
    const { id } = await store.transaction(async (tx) => silences.add(tx, silence));
    await settled();
    const image = await push('shop/app', [secret()]);
    await statesAre('held');
    await sign(image);
    await settled();
    await statesAre('held');
    await store.transaction(async (tx) => silences.expire(tx, id, { author: 'jane' }));
    await statesAre('sent');
    expect(titlesAndTexts()[0]).toContain('has 1 critical or high finding.');
  });

  it('lists the remaining pushes of a flood', async () => {
    const images: PushedImage[] = [];
    // One after the other: of two at once, the second waits for the group of the first.
    for (let index = 0; index < 8; index += 1) {
      images.push(await push(`shop/flood-${index}`, [secret()]));
      await until(listed, (all) => all.length === index + 1);
    }
    await until(listed, (all) => all.filter(({ state }) => state === 'held').length === 3);
    const waiting = await store.query<{ pushId: string }>(
      `SELECT push_id AS "pushId" FROM delivery WHERE state = 'held' ORDER BY number`,
    );
    const [gone, partly, whole] = waiting.map(({ pushId }) => images.find((image) => image.pushId === pushId)!);
    await sign(partly!);
    await remove(gone!.repository);
    await settled();
    await store.query(`UPDATE alert_group SET due_at = now() WHERE due_at IS NOT NULL`);
    await until(listed, (all) => all.every(({ state }) => state !== 'held'));
    const post = await until(
      () => titlesAndTexts().find((text) => text.startsWith('2 alerts · ')),
      (text) => text !== undefined,
    );
    expect(post).not.toContain(gone!.repository);
    expect(post).toContain(`${partly!.repository}:1 has 1 critical or high finding`);
    expect(post).toContain(`${whole!.repository}:1 has 2 critical or high findings`);
  }, 60_000);
});

describe('a correction that Slack refuses', () => {
  it.each([
    ['shop/app', 0],
    ['shop/loud', 1],
  ])('ends where a user deleted the message of %s, with %i new ones', async (repository, messages) => {
    const image = await push(repository);
    await statesAre('sent');
    slack.remove(channel, slack.channel(channel)[0]!.ts);
    await sign(image);
    await statesAre('sent', 'sent');
    expect(calls(slack, 'chat.update')).toHaveLength(1);
    expect(slack.channel(channel)).toHaveLength(messages);
  });

  it.each(['cant_update_message', 'edit_window_closed'])('is in the thread after %s', async (error) => {
    const image = await push('shop/app');
    await statesAre('sent');
    slack.next({ status: 200, body: { ok: false, error } });
    await sign(image);
    const [, correction] = await statesAre('sent', 'sent');
    expect(correction!.reason).toBe('Slack does not allow the edit: the changes are in the thread');
    const [post] = slack.channel(channel);
    expect(post).toMatchObject({ edits: 0 });
    expect(slack.thread(channel, post!.ts)).toMatchObject([{ text: expect.stringContaining('Signed by release on ') }]);
  });

  it('is tried again after the time that Slack asks for', async () => {
    const image = await push('shop/app');
    await statesAre('sent');
    slack.next({ status: 429, headers: { 'retry-after': '3' }, body: { ok: false, error: 'ratelimited' } });
    await sign(image);
    const [, waiting] = await statesAre('sent', 'retrying');
    expect(waiting!.nextAt!.getTime() - Date.now()).toBeGreaterThan(2_000);
    await statesAre('sent', 'sent');
    expect(slack.channel(channel)).toMatchObject([{ edits: 1, text: expect.stringContaining('Resolved · ') }]);
  });

  it('is given up with a dead letter where the bot may not write any more', async () => {
    const image = await push('shop/app');
    await statesAre('sent');
    slack.next({ status: 200, body: { ok: false, error: 'token_revoked' } });
    await sign(image);
    const [, correction] = await statesAre('sent', 'failed');
    expect(correction!.reason).toContain('token_revoked');
  });
});
