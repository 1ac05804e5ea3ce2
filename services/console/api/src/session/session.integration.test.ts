import { ApiTokens, SetupLinks, Store } from '@tidewaiter/store';
import { startConsole, type TestConsole } from '@tidewaiter/testkit';

import { start } from '../main.js';

let api: TestConsole;
let store: Store;
let setupSecret: string;
let token: string;

const csrf = { 'x-tidewaiter-csrf': '1' };

const call = async (method: string, path: string, headers: Record<string, string> = {}, body?: unknown) =>
  fetch(`${api.url}/api/v1/${path}`, {
    method,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });

const codeOf = async (answer: Response) => [answer.status, ((await answer.json()) as { code: string }).code];
const cookieOf = (answer: Response) => /^[^;]+/.exec(answer.headers.get('set-cookie') ?? '')?.[0] ?? '';

/** Headers of a browser that has signed in by a token. */
const signedIn = async (by = token, headers: Record<string, string> = {}) => {
  const answer = await call('POST', 'session', headers, { token: by });
  expect(answer.status).toBe(204);
  return { cookie: cookieOf(answer), ...csrf };
};

beforeAll(async () => {
  api = await startConsole(start, { environment: { TIDEWAITER_CONSOLE_URL: 'https://tidewaiter.example/' } });
  setupSecret = /^Setup link, works once within an hour: https:\/\/tidewaiter\.example\/#setup=([\w-]{43})$/.exec(
    api.notices.join('\n'),
  )![1]!;
  store = api.store;
});

afterAll(async () => api.stop());

describe('the setup link', () => {
  const redeem = async (secret: string) => call('POST', 'setup', {}, { secret });

  it('is stored as a hash only', async () => {
    const rows = await store.query('SELECT * FROM setup_link');
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain(setupSecret);
  });

  it('is refused when it is wrong or over', async () => {
    expect(await codeOf(await redeem('a'.repeat(43)))).toEqual([403, 'SETUP_LINK_INVALID']);
    const late = (await new SetupLinks(store).make())!.reveal();
    await store.query(`UPDATE setup_link SET expires_at = now() WHERE hash = sha256($1::text::bytea)`, [late]);
    expect(await codeOf(await redeem(late))).toEqual([403, 'SETUP_LINK_INVALID']);
  });

  it('makes one administrator, of several uses at once of several links', async () => {
    const links = new SetupLinks(store);
    const second = (await links.make())!.reveal();
    const answers = await Promise.all([setupSecret, second, setupSecret, second].map(redeem));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([204, 403, 403, 403]);
    const cookie = cookieOf(answers.find(({ status }) => status === 204)!);
    const answer = await call('GET', 'me', { cookie });
    expect(await answer.json()).toMatchObject({ kind: 'user', name: 'admin', role: 'admin' });
    const [user] = (await store.query('SELECT id, name FROM console_user')) as [{ id: string; name: string }];
    expect(user.name).toBe('admin');
    const entries = await store.query('SELECT actor, action, subject, details FROM audit_entry ORDER BY number');
    expect(entries).toMatchObject([
      { actor: 'console', action: 'setup-link.created', details: { after: { expiresAt: expect.any(String) } } },
      { actor: 'anonymous', action: 'sign-in.failed', details: { request: { code: 'SETUP_LINK_INVALID' } } },
      { actor: 'admin', action: 'setup-link.redeemed', subject: 'admin', details: { after: { role: 'admin' } } },
      { actor: 'admin', action: 'sign-in.succeeded', details: { after: { name: 'admin', address: '127.0.0.1' } } },
    ]);
    expect(JSON.stringify(entries)).not.toContain(setupSecret);
    // So that one administrator is left.
    const headers = { cookie, ...csrf };
    expect(await codeOf(await call('PATCH', `users/${user.id}`, headers, { disabled: true }))).toEqual([
      400,
      'OWN_ACCOUNT',
    ]);
  });

  it('is worthless afterwards, and is not made again while there is an administrator', async () => {
    expect(await codeOf(await redeem(setupSecret))).toEqual([403, 'SETUP_LINK_INVALID']);
    const links = new SetupLinks(store);
    expect(await links.make()).toBeNull();
    await store.query('UPDATE console_user SET disabled_at = now()');
    const again = (await links.make())!.reveal();
    // A link that was made before there was an administrator.
    await store.query('UPDATE console_user SET disabled_at = NULL');
    expect(await codeOf(await redeem(again))).toEqual([403, 'SETUP_LINK_INVALID']);
  });

  it('is not made while a token is an administrator', async () => {
    await store.query('UPDATE console_user SET disabled_at = now()');
    token = (await new ApiTokens(store).make('bootstrap', 'admin', null)).reveal();
    expect(await new SetupLinks(store).make()).toBeNull();
    await store.query('UPDATE console_user SET disabled_at = NULL');
  });
});

describe('a session', () => {
  beforeEach(async () => {
    // Sign-ins of the tests before must not count.
    await api.reload();
  });

  it('is a cookie with a secret of its own, which no script and no other site can use', async () => {
    const answer = await call('POST', 'session', {}, { token });
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([
      204,
      expect.stringMatching(
        /^__Host-tidewaiter_session=[\w-]{43}; Max-Age=604800; Path=\/; HttpOnly; SameSite=Strict; Secure$/,
      ),
    ]);
    const cookie = `other=1; ${cookieOf(answer)}`;
    expect((await call('GET', 'pushes', { cookie })).status).toBe(200);
    expect(cookie).not.toContain(token);
    expect(await codeOf(await call('GET', 'pushes', { cookie: cookie.replace('__Host-', '') }))).toEqual([
      401,
      'TOKEN_MISSING',
    ]);
    const rows = await store.query('SELECT * FROM console_session');
    expect(JSON.stringify(rows)).not.toContain(cookieOf(answer).split('=')[1]);
  });

  it('changes things only with the header that other sites cannot send', async () => {
    const { cookie } = await signedIn();
    expect(await codeOf(await call('DELETE', 'session', { cookie }))).toEqual([403, 'CSRF_HEADER_MISSING']);
    expect((await call('GET', 'me', { cookie })).status).toBe(200);
  });

  it('is over with sign-out, also for one who has copied the cookie', async () => {
    const headers = await signedIn();
    const answer = await call('DELETE', 'session', headers);
    expect([answer.status, await answer.json(), answer.headers.get('set-cookie')]).toEqual([
      200,
      { signOutUrl: null },
      '__Host-tidewaiter_session=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict; Secure',
    ]);
    expect(await codeOf(await call('GET', 'me', headers))).toEqual([401, 'SESSION_OVER']);
  });

  it('is replaced at the next sign-in, and takes no secret that was planted', async () => {
    const planted = { cookie: `__Host-tidewaiter_session=${'p'.repeat(43)}`, ...csrf };
    const first = await signedIn(token, planted);
    expect(first.cookie).not.toBe(planted.cookie);
    expect(await codeOf(await call('GET', 'me', planted))).toEqual([401, 'SESSION_OVER']);
    const second = await signedIn(token, first);
    expect(await codeOf(await call('GET', 'me', first))).toEqual([401, 'SESSION_OVER']);
    expect((await call('GET', 'me', second)).status).toBe(200);
  });

  it.each([
    ['it was not used for the idle time', `last_used_at = now() - interval '12 hours'`],
    ['its absolute time is up', `expires_at = now()`],
  ])('is over when %s', async (_what, change) => {
    const headers = await signedIn();
    await store.query(`UPDATE console_session SET ${change} WHERE ended_at IS NULL`);
    expect(await codeOf(await call('GET', 'me', headers))).toEqual([401, 'SESSION_OVER']);
  });

  it('is kept by use, to a minute', async () => {
    const headers = await signedIn();
    await store.query(`UPDATE console_session SET last_used_at = now() - interval '11 hours' WHERE ended_at IS NULL`);
    expect((await call('GET', 'me', headers)).status).toBe(200);
    const fresh = await store.query(
      `SELECT FROM console_session WHERE last_used_at > now() - interval '1 minute' AND ended_at IS NULL`,
    );
    expect(fresh).toHaveLength(1);
  });

  it.each([
    ['revoked', 'revoked_at = now()'],
    ['expired', 'expires_at = now()'],
  ])('is over when its token is %s', async (what, change) => {
    const by = (await new ApiTokens(store).make(what, 'viewer', null)).reveal();
    const headers = await signedIn(by);
    await store.query(`UPDATE api_token SET ${change} WHERE name = $1`, [what]);
    expect(await codeOf(await call('GET', 'me', headers))).toEqual([401, 'SESSION_OVER']);
  });

  it.each([
    [{ token: `tide_${'a'.repeat(43)}` }, 401, 'TOKEN_INVALID'],
    [{}, 400, 'INPUT_INVALID'],
    [{ token: 1 }, 400, 'INPUT_INVALID'],
    ['{', 400, 'BAD_REQUEST'],
  ])('is not opened with %j', async (body, status, code) => {
    const answer = await call('POST', 'session', {}, body);
    expect(answer.headers.get('set-cookie')).toBeNull();
    expect(await codeOf(answer)).toEqual([status, code]);
  });

  it('is not opened by a form, which any site can make a browser send', async () => {
    const answer = await fetch(`${api.url}/api/v1/session`, {
      method: 'POST',
      body: new URLSearchParams({ token }),
    });
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([415, null]);
  });

  it('is not opened after too many attempts', async () => {
    const attempt = async () => call('POST', 'session', {}, { token: 'x' });
    for (let left = 30; left > 0; left -= 1) expect((await attempt()).status).toBe(401);
    const refused = await attempt();
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await codeOf(refused)).toEqual([429, 'SIGN_IN_LIMITED']);
    expect(await codeOf(await call('POST', 'setup', {}, { secret: 'x' }))).toEqual([429, 'SIGN_IN_LIMITED']);
  });

  it('with headers beyond all measure is refused by the server', async () => {
    const answer = await call('GET', 'me', { cookie: `a=${'x'.repeat(20_000)}` });
    expect(answer.status).toBe(431);
  });
});

describe('administrators', () => {
  const bearer = () => ({ authorization: `Bearer ${token}` });
  const read = async (answer: Response) =>
    (await answer.json()) as Record<string, never> & { items: Record<string, never>[] };

  beforeAll(async () => {
    await api.reload();
  });

  it('list live sessions, and end one', async () => {
    const headers = await signedIn(token, { 'user-agent': 'Firefox of Jane' });
    const { items } = await read(await call('GET', 'sessions', bearer()));
    expect(items[0]).toMatchObject({
      ...{ kind: 'service-account', name: 'bootstrap', role: 'admin', address: '127.0.0.1' },
      userAgent: 'Firefox of Jane',
    });
    expect(items[0]).not.toHaveProperty('hash');
    const id = String(items[0]!['id']);
    expect((await call('DELETE', `sessions/${id}`, bearer())).status).toBe(204);
    expect(await codeOf(await call('DELETE', `sessions/${id}`, bearer()))).toEqual([404, 'SESSION_UNKNOWN']);
    expect((await call('GET', 'me', headers)).status).toBe(401);
  });

  it('make service accounts with tokens, rotate and revoke them', async () => {
    const account = await read(await call('POST', 'service-accounts', bearer(), { name: 'robot', role: 'gate' }));
    expect(await codeOf(await call('POST', 'service-accounts', bearer(), { name: 'robot', role: 'admin' }))).toEqual([
      400,
      'SERVICE_ACCOUNT_TAKEN',
    ]);
    const add = async (body: object) => call('POST', `service-accounts/${account['id']}/tokens`, bearer(), body);
    const first = await read(await add({}));
    expect(await codeOf(await add({}))).toEqual([400, 'TOKEN_NAME_TAKEN']);
    const second = await read(await add({ name: 'robot-2', expiresAt: '2999-01-01T00:00:00Z' }));
    const asSecond = { authorization: `Bearer ${second['token']}` };
    expect(await read(await call('GET', 'me', asSecond))).toMatchObject({ name: 'robot', role: 'gate', session: null });
    const { items } = await read(await call('GET', 'tokens', bearer()));
    const listed = items.find(({ name }) => name === 'robot')!;
    expect(listed).toMatchObject({ account: 'robot', role: 'gate', expiresAt: null });
    expect((await call('DELETE', `tokens/${listed['id']}`, bearer())).status).toBe(204);
    expect((await call('GET', 'me', { authorization: `Bearer ${first['token']}` })).status).toBe(401);
    expect((await call('DELETE', `service-accounts/${account['id']}`, bearer())).status).toBe(204);
    expect((await call('GET', 'me', asSecond)).status).toBe(401);
  });

  it('assign roles and disable users, which counts at once', async () => {
    await store.query(
      `INSERT INTO console_user (id, issuer, subject, name, group_role)
       VALUES (gen_random_uuid(), 'https://id.example', 'jane', 'jane', 'viewer')`,
    );
    const users = await read(await call('GET', 'users', bearer()));
    const jane = users.items.find(({ name }) => name === 'jane')!;
    expect(jane).toMatchObject({ name: 'jane', role: 'viewer', assignedRole: null, disabledAt: null });
    const change = async (body: object) => call('PATCH', `users/${jane['id']}`, bearer(), body);
    expect(await read(await change({ role: 'responder' }))).toMatchObject({ role: 'responder', groupRole: 'viewer' });
    expect(await read(await change({ disabled: true }))).toMatchObject({
      disabledAt: expect.any(String),
      role: 'responder',
    });
    expect(await read(await change({ role: null, disabled: false }))).toMatchObject({
      disabledAt: null,
      role: 'viewer',
    });
    expect(await codeOf(await change({ role: 'root' }))).toEqual([400, 'INPUT_INVALID']);
    const unknown = `users/${crypto.randomUUID()}`;
    expect(await codeOf(await call('PATCH', unknown, bearer(), {}))).toEqual([404, 'USER_UNKNOWN']);
  });
});
