import { createHmac } from 'node:crypto';
import { writeFile, mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Secret } from '@tidewaiter/domain';
import type { RunningService } from '@tidewaiter/runtime';
import { connect, Incidents, type NewPush, Pushes, Received, SilenceLedger, Store } from '@tidewaiter/store';
import { minerIncident, throwAwayServers, type ThrowAwayServers, uuidOf } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { start } from './main.js';
import { RegistryIntake } from './registry/registry-intake.js';

const settings = `
registries:
  - { name: main, kind: distribution, url: "http://127.0.0.1:5000", webhookSecret: s3cret }
  - { name: closed, kind: harbor, url: "http://127.0.0.1:5001" }
  - { name: open, kind: distribution, url: "http://127.0.0.1:5002", allowUnauthenticated: true }
  - { name: azure, kind: acr, url: "https://azure.example", webhookSecret: s3cret }
  - { name: quay, kind: quay, url: "https://quay.example", webhookSecret: s3cret }
  - { name: zot, kind: zot, url: "https://zot.example", webhookSecret: s3cret }
slack: { signingSecret: 5igning }
`;

let servers: ThrowAwayServers<{ postgres: true; nats: true }>;
let folder: string;
let environment: Record<string, string>;
let ingest: RunningService;
let dataSource: DataSource;
let store: Store;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true, nats: true });
  folder = await mkdtemp(join(tmpdir(), 'tidewaiter-ingest-'));
  await writeFile(join(folder, 'tidewaiter.yaml'), settings);
  const databaseUrl = await servers.postgres.createDatabase();
  environment = {
    TIDEWAITER_DATABASE_URL: databaseUrl,
    TIDEWAITER_NATS_URL: servers.nats.url,
    TIDEWAITER_HTTP_PORT: '0',
    TIDEWAITER_LOG_LEVEL: 'silent',
    TIDEWAITER_CONFIG: join(folder, 'tidewaiter.yaml'),
  };
  ingest = await start(environment);
  dataSource = await connect({ url: new Secret(databaseUrl), poolSize: 2, name: 'test' });
  store = new Store(dataSource, 'test');
});

afterAll(async () => {
  await dataSource.destroy();
  await ingest.stop();
  await servers.stop();
  await rm(folder, { recursive: true });
});

const digest = `sha256:${'ab'.repeat(32)}`;
const secret = { authorization: 'Bearer s3cret' };

let ids = 0;
const unique = () => `e${(ids += 1)}`;

const push = (more: { id?: string; tag?: string; repository?: string; action?: string } = {}) => {
  const { id = unique(), tag = '1', repository = 'shop/app', action = 'push' } = more;
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  return { id, action, timestamp: '2026-01-02T03:04:05Z', target: { mediaType, digest, repository, tag } };
};

const post = async (path: string, body: string | Buffer, headers: Record<string, string> = {}, at = ingest) => {
  const answer = await fetch(`${at.url}/hooks/${path}`, { method: 'POST', body, headers });
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Record<string, unknown> };
};
const postEvents = async (events: unknown[], headers = {}) =>
  post('registry/main', JSON.stringify({ events }), { ...secret, ...headers });
const pushesOf = async (repository: string) =>
  store.query<{ id: string; tag: string; state: string }>(
    'SELECT id, tag, state FROM push WHERE repository = $1 ORDER BY received_at',
    [repository],
  );

describe('a button in Slack', () => {
  const press = async (action: object, key = '5igning') => {
    const payload = { type: 'block_actions', user: { id: 'U1', username: 'jane' }, actions: [action] };
    const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
    const at = String(Math.floor(Date.now() / 1000));
    const signature = createHmac('sha256', key).update(`v0:${at}:${body}`).digest('hex');
    const answer = await fetch(`${ingest.url}/hooks/slack/interactions`, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'x-slack-request-timestamp': at,
        'x-slack-signature': `v0=${signature}`,
      },
    });
    return { status: answer.status, text: await answer.text() };
  };
  const openIncident = async () => {
    const incidents = new Incidents(store);
    const incident = minerIncident({ id: uuidOf(unique()) });
    await store.transaction(async (tx) => incidents.apply(tx, [{ kind: 'opened', incident }]));
    return incident.id;
  };
  const revisionsOf = async (id: string) =>
    (await new Incidents(store).revisions(id)).map(({ kind, news, actor }) => [kind, actor, ...news].join(' '));

  it('acknowledges an incident once, and names the user who did', async () => {
    const id = await openIncident();
    const acknowledge = { action_id: 'tidewaiter_acknowledge', value: id };
    expect(await press(acknowledge)).toEqual({ status: 200, text: '' });
    expect(await press(acknowledge)).toEqual({ status: 200, text: '' });
    expect((await revisionsOf(id)).slice(1)).toEqual(['acknowledged jane (Slack)']);
    const events = await store.query(`SELECT data FROM outbox WHERE subject = $1 AND type LIKE '%incident.updated%'`, [
      id,
    ]);
    expect(events).toMatchObject([{ data: { incidentId: id, revision: 2 } }]);
  });

  it('silences for a day, once', async () => {
    const id = await openIncident();
    const matchers = [`rule="${unique()}"`];
    const action = { action_id: 'tidewaiter_silence', value: JSON.stringify({ incident: id, matchers }) };
    expect([(await press(action)).status, (await press(action)).status]).toEqual([200, 200]);
    const silences = (await new SilenceLedger(store).open()).filter((each) => each.matchers[0] === matchers[0]);
    expect(silences).toMatchObject([{ matchers, createdBy: 'jane (Slack)' }]);
    expect(silences[0]!.endsAt.getTime() - silences[0]!.startsAt.getTime()).toBe(24 * 3_600_000);
    expect((await revisionsOf(id)).slice(1)).toEqual(['updated jane (Slack) Silenced for 24 h by jane (Slack)']);
  });

  it('does nothing without a valid signature', async () => {
    const id = await openIncident();
    expect((await press({ action_id: 'tidewaiter_acknowledge', value: id }, 'guessed')).status).toBe(401);
    expect(await revisionsOf(id)).toHaveLength(1);
  });
});

describe('a push', () => {
  it('is committed with its event before the answer', async () => {
    const repository = `shop/${unique()}`;
    const sent = push({ repository });
    const { status, body } = await postEvents([sent]);
    const pushes = await pushesOf(repository);
    const events = await store.query('SELECT type, source, subject, data FROM outbox WHERE subject = $1', [
      `${repository}:1`,
    ]);
    expect({ status, body }).toEqual({ status: 202, body: { accepted: 1, duplicates: 0, ignored: 0 } });
    expect(pushes).toMatchObject([{ tag: '1', state: 'accepted' }]);
    expect(events).toEqual([
      {
        type: 'dev.tidewaiter.registry.pushed.v1',
        source: '/tidewaiter/ingest',
        subject: `${repository}:1`,
        data: {
          ...{ pushId: pushes[0]?.id, connection: 'main', repository, tag: '1', digest },
          announced: {
            ...{ artifact: 'image', attachedTo: null, origin: 'hook', pushedBy: null },
            pushedAt: '2026-01-02T03:04:05Z',
          },
          hook: { connection: 'registry/main', deliveryKey: sent.id },
        },
      },
    ]);
  });

  it('is accepted with any content type or none', async () => {
    const { port } = new URL(ingest.url);
    const withoutType = await new Promise<number | undefined>((resolve, reject) => {
      const sent = httpRequest({ port, path: '/hooks/registry/main', method: 'POST', headers: secret }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      sent.on('error', reject).end(JSON.stringify({ events: [push()] }));
    });
    expect(withoutType).toBe(202);
    for (const type of ['application/vnd.docker.distribution.events.v1+json', 'application/json', 'text/plain']) {
      expect((await postEvents([push()], { 'content-type': type })).body).toMatchObject({ accepted: 1 });
    }
  });

  it('is ignored when its type is not used, and read in any mode of CloudEvents', async () => {
    const quota = JSON.stringify({ namespace: 'shop', homepage: 'https://quay.example/shop', usage_percent: 80 });
    const ignored = { status: 202, body: { accepted: 0, duplicates: 0, ignored: 1 } };
    expect(await post('registry/quay?token=s3cret', quota)).toMatchObject(ignored);
    const created = { ...secret, 'ce-type': 'zotregistry.repository.created', 'ce-id': unique(), 'ce-source': 'zot' };
    expect(await post('registry/zot', '', created)).toMatchObject(ignored);
    const [type, source] = ['zotregistry.image.updated', 'zot'];
    const data = { name: `shop/${unique()}`, reference: '1', digest };
    const event = { specversion: '1.0', id: unique(), type, source, data };
    const structured = { ...secret, 'content-type': 'application/cloudevents+json' };
    expect(await post('registry/zot', JSON.stringify(event), structured)).toMatchObject({ body: { accepted: 1 } });
    const binary = { ...secret, 'ce-type': type, 'ce-id': event.id, 'ce-source': source };
    expect(await post('registry/zot', JSON.stringify(data), binary)).toMatchObject({ body: { duplicates: 1 } });
    expect(await pushesOf(data.name)).toMatchObject([{ tag: '1', state: 'accepted' }]);
  });

  it('keeps the trace context of its webhook', async () => {
    const traceIds = ['1', '2', '3'].map((digit) => digit.repeat(32));
    const repositories = await Promise.all(
      traceIds.map(async (traceId) => {
        const repository = `shop/${unique()}`;
        await postEvents([push({ repository })], { traceparent: `00-${traceId}-${'a'.repeat(16)}-01` });
        return repository;
      }),
    );
    const events = await store.query<{ traceparent: string }>(
      'SELECT traceparent FROM outbox WHERE subject = ANY($1) ORDER BY traceparent',
      [repositories.map((repository) => `${repository}:1`)],
    );
    expect(events.map(({ traceparent }) => traceparent.slice(3, 35))).toEqual(traceIds);
  });

  it('has a later time than the push before it, even in one body', async () => {
    const repository = `shop/${unique()}`;
    const tags = Array.from({ length: 20 }, (_, index) => `v${index}`);
    await postEvents(tags.map((tag) => push({ repository, tag })));
    const times = await store.query('SELECT DISTINCT received_at FROM push WHERE repository = $1', [repository]);
    expect(times).toHaveLength(20);
    expect((await pushesOf(repository)).map(({ tag }) => tag)).toEqual(tags);
  });
});

describe('a repeated delivery', () => {
  it('is recognized within a body, across bodies and among others that are new', async () => {
    const repository = `shop/${unique()}`;
    const known = push({ repository });
    expect((await postEvents([known, known])).body).toEqual({ accepted: 1, duplicates: 1, ignored: 0 });
    expect((await postEvents([push({ repository }), known])).body).toEqual({ accepted: 1, duplicates: 1, ignored: 0 });
    expect(await pushesOf(repository)).toHaveLength(2);
  });

  it('is recognized while the first delivery is under way, in any order', async () => {
    const repository = `shop/${unique()}`;
    const events = Array.from({ length: 50 }, () => push({ repository }));
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, turn) => postEvents(turn % 2 === 0 ? events : events.toReversed())),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202));
    expect(answers.reduce((sum, { body }) => sum + Number(body['accepted']), 0)).toBe(50);
    expect(await pushesOf(repository)).toHaveLength(50);
  });

  it('is new to another connection', async () => {
    const event = push();
    await postEvents([event]);
    expect((await post('registry/open', JSON.stringify({ events: [event] }))).body).toMatchObject({ accepted: 1 });
  });
});

it('counts what it ignores', async () => {
  const { body } = await postEvents([push({ action: 'pull' }), push({ action: 'pull' }), null, push()]);
  expect(body).toEqual({ accepted: 1, duplicates: 0, ignored: 3 });
  expect((await postEvents([push({ action: 'pull' })])).body).toEqual({ accepted: 0, duplicates: 0, ignored: 1 });
});

it('emits an event for a deletion without a push', async () => {
  const repository = `shop/${unique()}`;
  expect((await postEvents([push({ repository, action: 'delete' })])).body).toMatchObject({ accepted: 1 });
  const events = await store.query('SELECT type FROM outbox WHERE subject = $1', [`${repository}:1`]);
  expect(events).toEqual([{ type: 'dev.tidewaiter.registry.deleted.v1' }]);
  expect(await pushesOf(repository)).toEqual([]);
});

it('accepts 200 webhooks at once', async () => {
  const repository = `shop/${unique()}`;
  const answers = await Promise.all(Array.from({ length: 200 }, async () => postEvents([push({ repository })])));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
  expect(await pushesOf(repository)).toHaveLength(200);
});

describe('a handshake', () => {
  const ask = async (init: RequestInit, token = 's3cret') =>
    fetch(`${ingest.url}/hooks/registry/azure?token=${token}`, init);

  it('returns the code with exactly 200', async () => {
    const body = JSON.stringify([{ data: { validationCode: 'c0de' } }]);
    const init = { method: 'POST', body, headers: { 'aeg-event-type': 'SubscriptionValidation' } };
    const answer = await ask(init);
    expect([answer.status, await answer.json()]).toEqual([200, { validationResponse: 'c0de' }]);
    expect((await ask(init, 'other')).status).toBe(401);
  });

  it('allows a sender by OPTIONS that proves the secret', async () => {
    const init = { method: 'OPTIONS', headers: { 'webhook-request-origin': 'grid.example.com' } };
    const answer = await ask(init);
    expect([answer.status, answer.headers.get('webhook-allowed-origin')]).toEqual([200, 'grid.example.com']);
    expect((await ask(init, 'other')).status).toBe(401);
  });
});

// The CNCF registry repeats a refused notice for ever, with all later ones behind it.
it('takes a notice with the longest User-Agent that a client can send', async () => {
  const pushed = { ...push(), request: { useragent: '<'.repeat(2 ** 20) } };
  const body = JSON.stringify({ events: [pushed] }).replaceAll('<', '\\u003c');
  expect(await post('registry/main', body, secret)).toMatchObject({ status: 202, body: { accepted: 1 } });
});

describe('a refused webhook', () => {
  const body = JSON.stringify({ events: [push()] });

  it.each([
    ['no secret', 'registry/main', body, {}, 401, 'HOOK_UNAUTHORIZED'],
    ['a wrong secret', 'registry/main', body, { authorization: 'Bearer wrong' }, 401, 'HOOK_UNAUTHORIZED'],
    ['a wrong secret and no JSON', 'registry/main', 'x', { authorization: 'Bearer wrong' }, 401, 'HOOK_UNAUTHORIZED'],
    ['a connection that has no secret', 'registry/closed', body, secret, 401, 'HOOK_UNAUTHORIZED'],
    ['no such connection', 'registry/other', body, secret, 404, 'CONNECTION_UNKNOWN'],
    ['a registry as a sensor', 'runtime/main', body, secret, 404, 'CONNECTION_UNKNOWN'],
    ['a pipeline', 'pipeline/ci', body, secret, 404, 'CONNECTION_UNKNOWN'],
    ['no body', 'registry/main', '', secret, 400, 'BODY_EMPTY'],
    ['no JSON', 'registry/main', '{', secret, 400, 'BODY_NOT_JSON'],
    ['JSON of something else', 'registry/main', '{}', secret, 422, 'BODY_UNRECOGNIZED'],
    ['JSON without an end', 'registry/main', '['.repeat(100) + ']'.repeat(100), secret, 422, 'BODY_TOO_DEEP'],
    ['over 8 MiB', 'registry/main', ' '.repeat(8 * 2 ** 20 + 1), secret, 413, 'BODY_TOO_LARGE'],
    ['no such route', 'registry', body, secret, 404, 'NOT_FOUND'],
  ])('%s', async (_, path, sent, headers, status, code) => {
    const answer = await post(path, sent, headers);
    expect(answer).toMatchObject({ status, body: { status, code } });
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  });

  it('is refused above the rate limit, without affecting other connections', async () => {
    const limited = await start({ ...environment, TIDEWAITER_HOOK_RATE: '3' });
    try {
      const statuses = [];
      for (const path of ['registry/main', 'registry/main', 'registry/main']) {
        statuses.push((await post(path, JSON.stringify({ events: [push()] }), secret, limited)).status);
      }
      const answer = await post('registry/main', body, secret, limited);
      expect(statuses).toEqual([202, 202, 202]);
      expect(answer).toMatchObject({ status: 429, body: { status: 429, code: 'RATE_LIMITED' } });
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(50);
      expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(await post('registry/open', body, {}, limited)).toMatchObject({ status: 202 });
      for (const name of ['a', 'b', 'c']) await post(`registry/${name}`, body, {}, limited);
      expect(await post('registry/d', body, {}, limited)).toMatchObject({ status: 429 });
      for (let turn = 0; turn < 5; turn += 1) expect((await fetch(`${limited.url}/livez`)).status).toBe(200);
    } finally {
      await limited.stop();
    }
  });

  it('is counted by result, without unknown connections in the labels', async () => {
    const metrics = await fetch(`${ingest.url}/metrics`).then(async (answer) => answer.text());
    const labels = [...metrics.matchAll(/^tidewaiter_webhooks_total\{kind="(\w+)",result="(\w+)"/gm)].map(
      ([, ...pair]) => pair.join(' '),
    );
    expect(labels).toEqual(
      expect.arrayContaining([
        'distribution accepted',
        'distribution ignored',
        'distribution unauthorized',
        'distribution invalid',
        'unknown invalid',
      ]),
    );
    expect(metrics).not.toContain('registry/other');
  });
});

it('stores the others of a batch with a webhook that can never be stored', async () => {
  const repository = `shop/${unique()}`;
  const intake = new RegistryIntake(store, new Received(), new Pushes(store));
  const deliver = async (claimedDigest: string | null) => {
    const claims = { claimedDigest, artifact: 'image', attachedTo: null, pushedBy: null, pushedAt: null };
    const newPush: NewPush = { connection: 'main', repository, tag: '1', ...claims };
    const fact = { kind: 'push' as const, deliveryKey: unique(), identity: 'delivery' as const, push: newPush };
    return intake.keep({
      connection: 'registry/main',
      facts: [fact],
      receivedAtMs: Date.now(),
      sizeBytes: 1,
      traceparent: undefined,
    });
  };
  // The event about it would not keep to its schema. All share one commit.
  const digests = Array.from({ length: 9 }, (_, index) => (index === 5 ? 'no digest' : null));
  const outcomes = await Promise.allSettled(digests.map(deliver));
  expect(outcomes.map(({ status }) => status)).toEqual(
    digests.map((digest) => (digest === null ? 'fulfilled' : 'rejected')),
  );
  expect(await pushesOf(repository)).toHaveLength(8);
});

it('returns 503 while PostgreSQL is down, and 202 once it is back', async () => {
  const repository = `shop/${unique()}`;
  const events = [push({ repository })];
  await servers.postgres.kill();
  const away = await postEvents(events);
  expect(away).toMatchObject({ status: 503, body: { status: 503, code: 'STORE_UNAVAILABLE' } });
  expect(Number(away.headers.get('retry-after'))).toBeGreaterThan(0);
  await servers.postgres.restart();
  // A connection that died with the server may still be in the pool.
  let back = await postEvents(events);
  for (let turn = 0; turn < 20 && back.status === 503; turn += 1) back = await postEvents(events);
  expect(back).toMatchObject({ status: 202, body: { accepted: 1, duplicates: 0 } });
  expect(await pushesOf(repository)).toHaveLength(1);
});
