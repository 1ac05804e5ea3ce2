import { generateKeyPairSync } from 'node:crypto';

import { auditActions, type AuditEntryRow, Deliveries, Incidents, Store } from '@tidewaiter/store';
import { entryKeyOfTests, minerIncident, startConsole, type TestConsole } from '@tidewaiter/testkit';
import { v7 as uuidv7 } from 'uuid';

import { controllers } from '../console.module.js';
import { start } from '../main.js';
import { apiMethods } from '../openapi/api-methods.js';

let api: TestConsole;
let token: string;
let store: Store;

beforeAll(async () => {
  api = await startConsole(start, { environment: entryKeyOfTests });
  store = api.store;
  token = await api.tokenOf('ann', 'admin');
});

afterAll(async () => api.stop());

interface Answer {
  status: number;
  body: Record<string, unknown>;
  cookie: string;
}

async function call(method: string, path: string, body?: object, headers?: Record<string, string>): Promise<Answer> {
  const answer = await fetch(`${api.url}/api/v1/${path}`, {
    method,
    headers: headers ?? { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>,
    cookie: /^[^;]+/.exec(answer.headers.get('set-cookie') ?? '')?.[0] ?? '',
  };
}

type Entry = Pick<AuditEntryRow, 'number' | 'actor' | 'action' | 'subject' | 'address'> & {
  details: { request?: object; before?: object | null; after?: object | null };
};

/** Entries after a number, oldest first. */
async function entriesAfter(number: number): Promise<Entry[]> {
  return store.query<Entry>(
    `SELECT number::int, actor, action, subject, address, details FROM audit_entry WHERE number > $1 ORDER BY number`,
    [number],
  );
}

async function lastNumber(): Promise<number> {
  return (await entriesAfter(0)).at(-1)?.number ?? 0;
}

let made = 0;

/** A name of its own for each test. */
const name = () => `made-${(made += 1)}`;

async function openIncident(): Promise<string> {
  const incident = minerIncident({ id: uuidv7() });
  await store.transaction(async (tx) => new Incidents(store).apply(tx, [{ kind: 'opened', incident }]));
  return incident.id;
}

async function incidentAfter(act: string, body?: object): Promise<string> {
  const id = await openIncident();
  await call('POST', `incidents/${id}/${act}`, body);
  return id;
}

async function failedDelivery(): Promise<string> {
  const deliveries = new Deliveries(store);
  const delivery = {
    ...{ eventId: uuidv7(), cause: ['push', uuidv7()] as const, receiver: 'team', channel: 'slack', integration: 0 },
    ...{ route: 'route', groupKey: '{}', groupLabels: {}, alerts: [], message: { title: 'High' }, edition: null },
  };
  const [id = ''] = await store.transaction(async (tx) => deliveries.add(tx, [delivery]));
  await store.transaction(async (tx) => deliveries.failed(tx, id, 18, 'SLACK_REFUSED', 'is_archived'));
  return id;
}

async function deadLetter(): Promise<string> {
  await store.transaction(async (tx) => tx.enqueue({ queue: 'push', key: uuidv7(), class: 'bulk' }));
  const [job] = await store.query<{ id: string }>(`SELECT id FROM job WHERE queue = 'push' ORDER BY id DESC LIMIT 1`);
  const id = uuidv7();
  await store.query(
    `INSERT INTO dead_letter (id, stage, worker, job_id, subject, code, reason, attempts)
     VALUES ($1, 'job', 'push', $2, 's', 'X', 'failed', 3)`,
    [id, job!.id],
  );
  return id;
}

async function refusedPush(): Promise<string> {
  const id = uuidv7();
  await store.query(
    `INSERT INTO push (id, connection, repository, tag, artifact, state, code, reason)
     VALUES ($1, 'main', 'shop/cart', $2, 'image', 'refused', 'X', 'unreadable')`,
    [id, name()],
  );
  return id;
}

async function waitingLogin(): Promise<{ deviceCode: string; userCode: string }> {
  return (await call('POST', 'device-logins', {})).body as never;
}

async function newAccount(): Promise<string> {
  return String((await call('POST', 'service-accounts', { name: name(), role: 'viewer' })).body['id']);
}

async function newToken(): Promise<{ id: string; token: string }> {
  const { body } = await call('POST', `service-accounts/${await newAccount()}/tokens`, { name: name() });
  const [row] = await store.query<{ id: string }>('SELECT id FROM api_token WHERE name = $1', [body['name']]);
  return { id: row!.id, token: String(body['token']) };
}

async function signedIn(): Promise<Record<string, string>> {
  const { cookie } = await call('POST', 'session', { token: (await newToken()).token });
  return { cookie, 'x-tidewaiter-csrf': '1' };
}

const documents: Record<string, (entry: string) => object> = {
  exceptions: (entry) => ({
    ...{ name: entry, finding: 'CVE-2026-1', repository: 'shop/*', reason: 'x', owner: 'team', until: '2999-12-31' },
  }),
  policies: (entry) => ({ name: entry, source: 'rules:\n  - expression: size(findings) < 1000\n' }),
  signers: (entry) => ({ name: entry, key: publicKey, repositories: ['shop/*'] }),
  registries: (entry) => ({
    name: entry,
    kind: 'harbor',
    url: 'https://harbor.invalid',
    webhookSecret: secretValue,
  }),
  sensors: (entry) => ({ name: entry, kind: 'falco', cluster: 'eu1', token: secretValue }),
  reports: (entry) => ({ name: entry, schedule: 'weekly', receiver: 'team' }),
};
const secretValue = 'the-secret-value-of-a-webhook';
const publicKey = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' });
const routing = { text: 'route: { receiver: team }\nreceivers: [{ name: team }]\n' };

async function newEntry(kind: string): Promise<string> {
  const entry = name();
  const { status, body } = await call('POST', kind, { document: documents[kind]!(entry) });
  expect([status, body['title']]).toEqual([200, undefined]);
  return entry;
}

async function routingVersion(): Promise<number> {
  const { body } = await call('GET', 'routes/versions');
  const [newest] = body['items'] as { version: number; isDeleted: boolean }[];
  if (newest && !newest.isDeleted) return newest.version;
  return Number((await call('PUT', 'routes', routing)).body['version']);
}

const viewOf = (view: string) => ({ name: view, list: 'images', q: 'kev' });

async function newView(): Promise<string> {
  return String((await call('POST', 'views', viewOf(name()))).body['id']);
}

async function newSilence(): Promise<string> {
  return String((await call('POST', 'silences', silence)).body['id']);
}

/**
 * Acts of users by their routes; each returns its answer. A route that is missing here fails the
 * first test.
 */
const acts: Record<string, () => Promise<Answer>> = {
  'post pushes/{id}/retry': async () => call('POST', `pushes/${await refusedPush()}/retry`),
  'post incidents/{id}/acknowledge': async () => call('POST', `incidents/${await openIncident()}/acknowledge`),
  'post incidents/{id}/assign': async () =>
    call('POST', `incidents/${await openIncident()}/assign`, { assignee: 'ann' }),
  'post incidents/{id}/snooze': async () => call('POST', `incidents/${await openIncident()}/snooze`, snooze()),
  'delete incidents/{id}/snooze': async () =>
    call('DELETE', `incidents/${await incidentAfter('snooze', snooze())}/snooze`),
  'post incidents/{id}/comments': async () =>
    call('POST', `incidents/${await openIncident()}/comments`, { comment: 'x' }),
  'post incidents/{id}/resolve': async () =>
    call('POST', `incidents/${await openIncident()}/resolve`, { reason: 'benign' }),
  'post incidents/{id}/reopen': async () => call('POST', `incidents/${await incidentAfter('resolve', {})}/reopen`),
  'post deliveries/{id}/redrive': async () => call('POST', `deliveries/${await failedDelivery()}/redrive`, {}),
  'post deliveries/redrive': async () => {
    await failedDelivery();
    return call('POST', 'deliveries/redrive', { receiver: 'team' });
  },
  'post silences': async () => call('POST', 'silences', silence),
  'delete silences/{id}': async () => call('DELETE', `silences/${await newSilence()}`),
  'put silences/{id}': async () =>
    call('PUT', `silences/${await newSilence()}`, { ...silence, comment: 'known since May', version: 1 }),
  'post silences/{id}/undo': async () => {
    const id = await newSilence();
    await call('DELETE', `silences/${id}`);
    return call('POST', `silences/${id}/undo`, { version: 2 });
  },
  'post receivers/{receiver}/test': async () => {
    await failedDelivery();
    return call('POST', 'receivers/team/test');
  },
  'post registries/check': async () => call('POST', 'registries/check', { document: documents['registries']!(name()) }),
  'post registries/{name}/check': async () => call('POST', `registries/${await newEntry('registries')}/check`),
  'post reports/{name}/send': async () => call('POST', `reports/${await newEntry('reports')}/send`),
  'post removals': async () => {
    await refusedPush();
    return call('POST', 'removals', { kind: 'repository', connection: 'main', name: 'shop/cart' });
  },
  'put routes': async () => {
    const version = await routingVersion();
    return call('PUT', 'routes', { ...routing, version });
  },
  'delete routes': async () => call('DELETE', `routes?version=${await routingVersion()}`),
  'post routes/undo': async () => {
    const version = await routingVersion();
    return call('POST', 'routes/undo', { version, to: version });
  },
  'post dead-letters/redrive': async () => call('POST', 'dead-letters/redrive', { ids: [await deadLetter()] }),
  'post dead-letters/{id}/redrive': async () => call('POST', `dead-letters/${await deadLetter()}/redrive`),
  'post clusters': async () => call('POST', 'clusters', { name: name() }),
  'delete clusters/{name}': async () => {
    const cluster = name();
    await call('POST', 'clusters', { name: cluster });
    return call('DELETE', `clusters/${cluster}`);
  },
  'post views': async () => call('POST', 'views', viewOf(name())),
  'put views/{id}': async () => call('PUT', `views/${await newView()}`, viewOf(name())),
  'delete views/{id}': async () => call('DELETE', `views/${await newView()}`),
  'post session': async () => call('POST', 'session', { token: (await newToken()).token }),
  'delete session': async () => call('DELETE', 'session', undefined, await signedIn()),
  'post device-logins/result': async () => {
    const { deviceCode, userCode } = await waitingLogin();
    await call('POST', `device-logins/${userCode}/approve`);
    return call('POST', 'device-logins/result', { deviceCode });
  },
  'post device-logins/{code}/approve': async () =>
    call('POST', `device-logins/${(await waitingLogin()).userCode}/approve`),
  'post device-logins/{code}/refuse': async () =>
    call('POST', `device-logins/${(await waitingLogin()).userCode}/refuse`),
  'patch users/{id}': async () => {
    const id = uuidv7();
    await store.query(`INSERT INTO console_user (id, issuer, subject, name) VALUES ($1, 'i', $2, $2)`, [id, name()]);
    return call('PATCH', `users/${id}`, { role: 'viewer' });
  },
  'delete sessions/{id}': async () => {
    await signedIn();
    const { items } = (await call('GET', 'sessions')).body as { items: { id: string }[] };
    return call('DELETE', `sessions/${items[0]!.id}`);
  },
  'post service-accounts': async () => call('POST', 'service-accounts', { name: name(), role: 'gate' }),
  'patch service-accounts/{id}': async () =>
    call('PATCH', `service-accounts/${await newAccount()}`, { scopes: [{ repositories: ['shop/*'] }] }),
  'delete service-accounts/{id}': async () => call('DELETE', `service-accounts/${await newAccount()}`),
  'post service-accounts/{id}/tokens': async () =>
    call('POST', `service-accounts/${await newAccount()}/tokens`, { name: name() }),
  'delete tokens/{id}': async () => call('DELETE', `tokens/${(await newToken()).id}`),
  ...Object.fromEntries(
    Object.keys(documents).flatMap((kind) => [
      [`post ${kind}`, async () => call('POST', kind, { document: documents[kind]!(name()) })],
      [
        `put ${kind}/{name}`,
        async () => {
          const entry = await newEntry(kind);
          return call('PUT', `${kind}/${entry}`, { document: documents[kind]!(entry), version: 1 });
        },
      ],
      [`delete ${kind}/{name}`, async () => call('DELETE', `${kind}/${await newEntry(kind)}?version=1`)],
      [
        `post ${kind}/{name}/undo`,
        async () => {
          const entry = await newEntry(kind);
          await call('DELETE', `${kind}/${entry}?version=1`);
          return call('POST', `${kind}/${entry}/undo`, { version: 2 });
        },
      ],
    ]),
  ),
};

/** Routes that need an identity provider, a CI or no administrator: tested beside them. */
const testedElsewhere = [
  'post setup',
  'get sign-in/oidc/callback',
  'post sign-in/oidc/back-channel-logout',
  'post ci-token',
  // In containment, which needs a signing key.
  'post containment/{id}/approve',
  'post containment/{id}/undo',
  'post incidents/{id}/containment',
];
/** Actions without a route: of the command line and of the platform, and refusals. */
const otherActions = [
  ...['setup-link.created', 'advisories.changed', 'database.migrated', 'database.restored'],
  ...['sign-in.failed', 'ci-token.refused', 'cluster.joined'],
];

const snooze = () => ({ until: new Date(Date.now() + 3_600_000).toISOString() });
const silence = { matchers: ['severity="low"'], endsAt: '2099-01-01T00:00:00Z', comment: 'known' };

const recorded = apiMethods(controllers)
  .filter(({ operation }) => operation?.action !== undefined)
  .map(({ method, path, operation }) => ({
    ...{ route: `${method} ${path.replace('/api/v1/', '')}`, action: operation!.action!, role: operation!.role },
  }));

/** Bodies that are valid, so that a route fails by its unknown object only. */
const validBodies: Record<string, object> = {
  'post incidents/{id}/assign': { assignee: 'ann' },
  'post incidents/{id}/snooze': snooze(),
  'post incidents/{id}/comments': { comment: 'x' },
  'post incidents/{id}/containment': {
    ...{ action: 'label', cluster: 'eu1', reason: 'x' },
    subject: { kind: 'Pod', namespace: 'shop', name: 'web-1' },
  },
  'post containment/{id}/undo': { reason: 'x' },
  'post incidents/{id}/resolve': { reason: 'benign' },
  'post deliveries/{id}/redrive': {},
  'put silences/{id}': { ...silence, version: 1 },
  'post silences/{id}/undo': { version: 1 },
  'put views/{id}': viewOf('unknown'),
  'patch users/{id}': { role: 'viewer' },
  'patch service-accounts/{id}': { role: 'viewer' },
  'post service-accounts/{id}/tokens': {},
  ...Object.fromEntries(
    Object.keys(documents).flatMap((kind) => [
      [`put ${kind}/{name}`, { document: documents[kind]!('unknown'), version: 1 }],
      [`post ${kind}/{name}/undo`, { version: 1 }],
    ]),
  ),
};

describe('the audit log', () => {
  it('names an action for every method that changes something', () => {
    const questions = /\/(?:gate|validate|preview|replay|test)$/;
    const changing = apiMethods(controllers).filter(({ method, path }) => method !== 'get' && !questions.test(path));
    const unnamed = changing.filter(({ operation }) => operation!.action === undefined);
    // A command line that wants to sign in changes nothing yet.
    expect(unnamed.map(({ method, path }) => `${method} ${path}`)).toEqual(['post /api/v1/device-logins']);
    const named = recorded.map(({ action }) => action);
    expect(new Set([...named, ...otherActions])).toEqual(new Set(auditActions));
    expect(new Set([...Object.keys(acts), ...testedElsewhere])).toEqual(new Set(recorded.map(({ route }) => route)));
  });

  it.each(recorded.filter(({ route }) => route in acts))(
    'has $action of $route with the object before and after',
    async ({ route, action, role }) => {
      const act = acts[route]!;
      // Its preparations have entries of their own before it.
      const answer = await act();
      expect([200, 202, 204]).toContain(answer.status);
      const entry = (await entriesAfter(0)).at(-1)!;
      expect(entry).toMatchObject({ action, address: '127.0.0.1', subject: expect.stringMatching(/./) });
      expect(entry.actor).toMatch(role === 'none' || route === 'delete session' ? /^(?:made-|ann)/ : /^ann$/);
      const { before, after } = entry.details;
      expect([before, after]).not.toContain(undefined);
      if (!/comments|routes\/undo|^put /.test(route)) expect(before).not.toEqual(after);
    },
  );

  it.each(recorded.filter(({ route }) => route.includes('{')))(
    'has no entry of $route about an unknown object',
    async ({ route }) => {
      const number = await lastNumber();
      const [method = '', path = ''] = route.split(' ');
      const asked = path.replaceAll(/\{(?:id|name|receiver)\}/g, uuidv7()).replace('{code}', 'BCDF-GHJK');
      const query = method === 'delete' && /\{name\}$/.test(path) ? '?version=1' : '';
      const { status, body } = await call(method.toUpperCase(), asked + query, validBodies[route]);
      expect([status, body['code']]).toEqual([
        expect.any(Number),
        expect.stringMatching(/_UNKNOWN$|_OVER$|_NOT_REFUSED$/),
      ]);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(await entriesAfter(number)).toEqual([]);
    },
  );

  it('has no entry of a change that another one preceded, and of an act that changes nothing', async () => {
    const entry = await newEntry('exceptions');
    const id = await incidentAfter('acknowledge');
    const number = await lastNumber();
    const changed = await call('PUT', `exceptions/${entry}`, { document: documents['exceptions']!(entry), version: 7 });
    expect(changed).toMatchObject({ status: 409, body: { code: 'ENTRY_CHANGED' } });
    expect((await call('POST', 'service-accounts', { name: 'ann', role: 'gate' })).status).toBe(400);
    expect((await call('POST', `incidents/${id}/acknowledge`)).status).toBe(200);
    expect(await entriesAfter(number)).toEqual([]);
  });

  it('has each refused sign-in, and its repetitions as one entry', async () => {
    const number = await lastNumber();
    const refused = async () => call('POST', 'session', { token: `tide_${'a'.repeat(43)}` });
    for (let nth = 0; nth < 3; nth += 1) expect((await refused()).status).toBe(401);
    const failed = {
      ...{ actor: 'anonymous', action: 'sign-in.failed', address: '127.0.0.1' },
      details: { request: { route: 'POST /api/v1/session', code: 'TOKEN_INVALID', attempts: 1 } },
    };
    expect(await entriesAfter(number)).toMatchObject([failed]);
    await api.reload();
    expect(await entriesAfter(number)).toMatchObject([failed, { details: { request: { attempts: 2 } } }]);
  });

  it('holds no secret, and shows that nothing was altered', async () => {
    const { token: made } = await newToken();
    await call('POST', 'session', { token: made });
    const entries = await entriesAfter(0);
    expect(JSON.stringify(entries)).not.toMatch(new RegExp(`${secretValue}|${made}|tide_`));
    const { items } = (await call('GET', 'audit?limit=1')).body as { items: Record<string, unknown>[] };
    const verified = { entries: entries.length, brokenAt: null, head: items[0]!['hash'] };
    expect((await call('GET', 'audit/verification')).body).toEqual(verified);
    await store.query(`UPDATE audit_entry SET actor = 'bob' WHERE number = 2`);
    expect((await call('GET', 'audit/verification')).body).toMatchObject({ entries: 1, brokenAt: 2 });
  });
});
