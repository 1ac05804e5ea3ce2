import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer, type Server } from 'node:http';

import { freePort } from '@tidewaiter/servers';
import { Sessions, Store } from '@tidewaiter/store';
import { startConsole, type TestConsole } from '@tidewaiter/testkit';
import { SignJWT } from 'jose';
import { type Configuration, Provider } from 'oidc-provider';

import { start } from '../main.js';

const clientId = 'tidewaiter';
const clientSecret = 'only-for-this-test-0123456789abcdef';

type Page = Response & { at: URL };

/** Follows redirects with cookies, as a browser does. */
class Browser {
  readonly cookies = new Map<string, { value: string; path: string }>();

  async visit(url: string, init: RequestInit = {}, before?: string): Promise<Page> {
    let at = new URL(url);
    let request: RequestInit = init;
    for (let hops = 0; hops < 20; hops += 1) {
      const headers = { ...(request.headers as Record<string, string>), cookie: this.#cookiesFor(at) };
      const answer = await fetch(at, { ...request, headers, redirect: 'manual' });
      for (const line of answer.headers.getSetCookie()) this.#keep(at, line);
      const location = answer.headers.get('location');
      if (location === null || answer.status < 300 || answer.status > 399) return Object.assign(answer, { at });
      at = new URL(location, at);
      if (before !== undefined && at.pathname.endsWith(before)) return Object.assign(answer, { at });
      request = {};
    }
    throw new Error('too many redirects');
  }

  /** The page with a form of the provider, as answered. */
  async submit(page: Page, fields: Record<string, string>, before?: string): Promise<Page> {
    const html = await page.text();
    const action = /<form[^>]* action="([^"]+)"/.exec(html)![1]!;
    const hidden = [...html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]+)"/g)];
    const body = new URLSearchParams({
      ...Object.fromEntries(hidden.map(([, name, value]) => [name, value])),
      ...fields,
    });
    return this.visit(new URL(action, page.at).href, { method: 'POST', body }, before);
  }

  get session(): string | undefined {
    return [...this.cookies].find(([key]) => key.endsWith(' tidewaiter_session'))?.[1].value;
  }

  #cookiesFor({ host, pathname }: URL): string {
    return [...this.cookies]
      .filter(([key, { path }]) => key.startsWith(`${host} `) && pathname.startsWith(path))
      .map(([key, { value }]) => `${key.split(' ')[1]}=${value}`)
      .join('; ');
  }

  #keep({ host, pathname }: URL, line: string): void {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
    const path = /; path=([^;]+)/i.exec(line)?.[1] ?? pathname;
    const isOver = /max-age=0|expires=Thu, 01 Jan 1970/i.test(line);
    if (isOver) this.cookies.delete(`${host} ${name}`);
    else this.cookies.set(`${host} ${name}`, { value: value!, path });
  }
}

let api: TestConsole;
let store: Store;
let provider: Server;
let consoleUrl: string;
let issuer: string;
/** Groups of the accounts of the provider. */
const groups = new Map<string, string[]>();
const idTokenSeconds = 60;
/** How far the clock of the provider is behind while it signs ID tokens. */
let providerLagMs = 0;
let clockOffsetMs = 0;
let key: { privateKey: KeyObject; id: string };

function newKey(id: string): typeof key {
  return { privateKey: generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey, id };
}

async function startProvider(): Promise<void> {
  const configuration: Configuration = {
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: [`${consoleUrl}/api/v1/sign-in/oidc/callback`],
        post_logout_redirect_uris: [`${consoleUrl}/`],
        backchannel_logout_uri: `${consoleUrl}/api/v1/sign-in/oidc/back-channel-logout`,
        backchannel_logout_session_required: true,
      },
    ],
    jwks: { keys: [{ ...key.privateKey.export({ format: 'jwk' }), kid: key.id, use: 'sig', alg: 'RS256' }] },
    claims: { openid: ['sub'], profile: ['preferred_username', 'groups'], email: ['email'] },
    features: { devInteractions: { enabled: true }, backchannelLogout: { enabled: true } },
    // Its own refuses loopback addresses.
    fetch: async (url, { dispatcher: _, ...options }: RequestInit & { dispatcher?: unknown } = {}) =>
      fetch(url, options),
    cookies: { keys: ['only-for-this-test'] },
    ttl: { IdToken: () => idTokenSeconds, Session: () => 3_600, Interaction: () => 600, Grant: () => 3_600 },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, preferred_username: `${id}@example.com`, groups: groups.get(id) ?? [] }),
    }),
    // Consents for every client, as a company's provider does.
    async loadExistingGrant({ oidc }) {
      const grant = new oidc.provider.Grant({ clientId: oidc.client!.clientId, accountId: oidc.session!.accountId! });
      grant.addOIDCScope('openid profile email');
      await grant.save();
      return grant;
    },
  };
  const made = new Provider(issuer, configuration);
  const answer = made.callback();
  provider = createServer((request, response) => {
    if (request.url === '/token') {
      const resting = clockOffsetMs;
      clockOffsetMs = providerLagMs;
      response.once('finish', () => (clockOffsetMs = resting));
    }
    void answer(request, response);
  });
  await new Promise<void>((resolve) => provider.listen(Number(new URL(issuer).port), '127.0.0.1', resolve));
}

async function stopProvider(): Promise<void> {
  provider.closeAllConnections();
  await new Promise((resolve) => provider.close(resolve));
}

beforeAll(async () => {
  const now = Date.now.bind(Date);
  jest.spyOn(Date, 'now').mockImplementation(() => now() + clockOffsetMs);
  jest.spyOn(console, 'warn').mockImplementation(() => undefined);
  jest.spyOn(console, 'info').mockImplementation(() => undefined);
  const port = await freePort();
  consoleUrl = `http://127.0.0.1:${port}`;
  issuer = `http://127.0.0.1:${await freePort()}`;
  key = newKey('first');
  const settings = `access:
  oidc:
    issuer: ${issuer}
    clientId: ${clientId}
    clientSecretFile: secret
    allowPrivate: true
    clockSkew: 60s
    roles: [{ group: security, role: maintainer }, { group: staff, role: viewer }]
`;
  await startProvider();
  api = await startConsole(start, {
    environment: { TIDEWAITER_CONSOLE_URL: consoleUrl, TIDEWAITER_HTTP_PORT: String(port) },
    files: { 'tidewaiter.yaml': settings, secret: clientSecret },
  });
  store = api.store;
});

afterAll(async () => {
  await api.stop();
  await stopProvider();
});

beforeEach(async () => {
  // Sign-ins of the tests before must not count.
  await api.reload();
  providerLagMs = 0;
  clockOffsetMs = 0;
  groups.set('jane', ['security', 'staff']).set('joe', ['staff']).set('eve', ['guests']);
});

/** Signs in, with the provider's form unless the browser has a session there. */
async function signIn(browser: Browser, login: string, next = '/'): Promise<Page> {
  const page = await browser.visit(`${consoleUrl}/api/v1/sign-in/oidc?next=${encodeURIComponent(next)}`);
  return page.at.origin === issuer ? browser.submit(page, { login, password: 'any' }) : page;
}

/** Signs in up to the answer of the provider, which does not reach the console. */
async function answerFor(browser: Browser, login: string): Promise<URL> {
  const page = await browser.visit(`${consoleUrl}/api/v1/sign-in/oidc`);
  return (await browser.submit(page, { login, password: 'any' }, '/callback')).at;
}

/** Newest entry of the audit log with this action. */
async function audited(action: string): Promise<unknown> {
  const [entry] = await store.query(
    'SELECT actor, subject, details FROM audit_entry WHERE action = $1 ORDER BY number DESC LIMIT 1',
    [action],
  );
  return entry;
}

const me = async (browser: Browser) => {
  const answer = await browser.visit(`${consoleUrl}/api/v1/me`);
  return [answer.status, (await answer.json()) as { session: { id: string } }] as const;
};

describe('OidcController', () => {
  it('signs a user in with the role of the groups, and opens the page that was asked for', async () => {
    const browser = new Browser();
    const page = await signIn(browser, 'jane', '/images?q=kev');
    expect(page.at.href).toBe(`${consoleUrl}/images?q=kev`);
    expect(await me(browser)).toEqual([
      200,
      expect.objectContaining({ kind: 'user', name: 'jane@example.com', role: 'maintainer' }),
    ]);
    expect([...browser.cookies.keys()].filter((name) => name.includes('sign_in'))).toEqual([]);
    expect(await audited('sign-in.succeeded')).toMatchObject({
      actor: 'jane@example.com',
      details: { before: null, after: { kind: 'user', role: 'maintainer' } },
    });
  });

  it.each(['https://evil.example/', '//evil.example', '/\\evil.example'])('redirects to no %s', async (next) => {
    expect((await signIn(new Browser(), 'jane', next)).at.href).toBe(`${consoleUrl}/`);
  });

  it('replaces a session that the browser has had, and takes no secret that was planted', async () => {
    const browser = new Browser();
    await signIn(browser, 'joe');
    const first = browser.session!;
    await signIn(browser, 'joe');
    expect(browser.session).not.toBe(first);
    const answer = await fetch(`${consoleUrl}/api/v1/me`, { headers: { cookie: `tidewaiter_session=${first}` } });
    expect([answer.status, await answer.json()]).toEqual([401, expect.objectContaining({ code: 'SESSION_OVER' })]);
  });

  it('refuses a user without a role with a page that says why', async () => {
    const browser = new Browser();
    const page = await signIn(browser, 'eve');
    expect([page.status, page.headers.get('content-type')]).toEqual([403, 'text/html; charset=utf-8']);
    expect(await page.text()).toContain('eve@example.com is in no group that has a role here');
    expect(browser.session).toBeUndefined();
    expect(await audited('sign-in.failed')).toMatchObject({
      actor: 'anonymous',
      details: {
        request: { code: 'USER_WITHOUT_ROLE', reason: expect.stringContaining('eve@example.com'), attempts: 1 },
      },
    });
  });

  it('follows a change of groups at the next sign-in', async () => {
    const browser = new Browser();
    groups.set('jane', ['staff']);
    await signIn(browser, 'jane');
    expect(await me(browser)).toEqual([200, expect.objectContaining({ role: 'viewer' })]);
    groups.set('jane', []);
    expect((await signIn(new Browser(), 'jane')).status).toBe(403);
    // A session that was open loses its role with it.
    expect((await me(browser))[0]).toBe(401);
  });

  it('refuses a user whom an administrator has disabled, also in a live session', async () => {
    const browser = new Browser();
    await signIn(browser, 'joe');
    await store.query(`UPDATE console_user SET disabled_at = now() WHERE subject = 'joe'`);
    expect((await me(browser))[0]).toBe(401);
    const page = await signIn(new Browser(), 'joe');
    expect([page.status, await page.text()]).toEqual([403, expect.stringContaining('is disabled')]);
    await store.query(`UPDATE console_user SET disabled_at = NULL WHERE subject = 'joe'`);
  });

  describe('given the answer of the provider', () => {
    const change = (browser: Browser, part: string) => {
      const name = [...browser.cookies.keys()].find((each) => each.includes('tidewaiter_sign_in'))!;
      const cookie = browser.cookies.get(name)!;
      const attempt = JSON.parse(Buffer.from(cookie.value, 'base64url').toString()) as object;
      const changed = { ...attempt, [part]: 'x'.repeat(43) };
      browser.cookies.set(name, { ...cookie, value: Buffer.from(JSON.stringify(changed)).toString('base64url') });
    };

    it.each(['state', 'nonce', 'verifier'])('refuses one for another %s', async (part) => {
      const browser = new Browser();
      const answer = await answerFor(browser, 'jane');
      change(browser, part);
      const page = await browser.visit(answer.href);
      expect([page.status, await page.text()]).toEqual([403, expect.stringContaining('is not valid for this sign-in')]);
      expect(browser.session).toBeUndefined();
    });

    it('refuses one in another browser', async () => {
      const answer = await answerFor(new Browser(), 'jane');
      const victim = new Browser();
      const page = await victim.visit(answer.href);
      expect([page.status, await page.text()]).toEqual([400, expect.stringContaining('not begun in this browser')]);
      expect(victim.session).toBeUndefined();
    });

    it('takes each answer only once', async () => {
      const browser = new Browser();
      const answer = await answerFor(browser, 'jane');
      const kept = new Map(browser.cookies);
      expect((await browser.visit(answer.href)).status).toBe(200);
      const second = new Browser();
      for (const [name, cookie] of kept) second.cookies.set(name, cookie);
      expect((await second.visit(answer.href)).status).toBe(403);
      expect(second.session).toBeUndefined();
    });

    it('shows a refusal of the provider, and no text of it as markup', async () => {
      const browser = new Browser();
      const answer = await answerFor(browser, 'jane');
      const state = answer.searchParams.get('state')!;
      const refusal = new URLSearchParams({
        error: 'access_denied',
        error_description: '<script>',
        state,
        iss: issuer,
      });
      const page = await browser.visit(`${answer.origin}${answer.pathname}?${refusal.toString()}`);
      const text = await page.text();
      expect([page.status, text]).toEqual([403, expect.stringContaining('has refused the sign-in')]);
      expect(text).not.toContain('<script');
    });
  });

  it('tolerates the configured difference of clocks, and no expired ID token beyond it', async () => {
    providerLagMs = -90_000;
    expect((await signIn(new Browser(), 'jane')).status).toBe(200);
    providerLagMs = -150_000;
    expect((await signIn(new Browser(), 'jane')).status).toBe(403);
  });

  it('follows a rotation of the keys of the provider', async () => {
    expect((await signIn(new Browser(), 'jane')).status).toBe(200);
    await stopProvider();
    key = newKey('second');
    await startProvider();
    // Keys are not fetched again within a minute.
    clockOffsetMs = 61_000;
    providerLagMs = 61_000;
    expect((await signIn(new Browser(), 'jane')).status).toBe(200);
  });

  it('shows that the provider does not answer, and recovers', async () => {
    await api.reload();
    await stopProvider();
    const page = await new Browser().visit(`${consoleUrl}/api/v1/sign-in/oidc`);
    expect([page.status, await page.text()]).toEqual([503, expect.stringContaining('cannot be reached')]);
    await startProvider();
    expect((await signIn(new Browser(), 'jane')).status).toBe(200);
  });

  it('signs out here and at the provider, which ends the other sessions of its own', async () => {
    const [browser, other] = [new Browser(), new Browser()];
    await signIn(browser, 'jane');
    // The same session at the provider, and another session here.
    for (const [name, cookie] of browser.cookies)
      if (name.startsWith(new URL(issuer).host)) other.cookies.set(name, cookie);
    await other.visit(`${consoleUrl}/api/v1/sign-in/oidc`);
    expect((await me(other))[0]).toBe(200);
    const stolen = browser.session!;

    const answer = await browser.visit(`${consoleUrl}/api/v1/session`, {
      method: 'DELETE',
      headers: { 'x-tidewaiter-csrf': '1' },
    });
    const { signOutUrl } = (await answer.json()) as { signOutUrl: string };
    expect(signOutUrl).toContain(`${issuer}/session/end?`);
    const theft = await fetch(`${consoleUrl}/api/v1/me`, { headers: { cookie: `tidewaiter_session=${stolen}` } });
    expect(theft.status).toBe(401);

    const page = await browser.visit(signOutUrl);
    const end = await browser.submit(page, { logout: 'yes' });
    expect(end.at.href).toBe(`${consoleUrl}/`);
    expect((await me(other))[0]).toBe(401);
  });

  describe('given a logout token', () => {
    const event = { 'http://schemas.openid.net/event/backchannel-logout': {} };
    const token = async (claims: object, signer = key) =>
      new SignJWT({ events: event, sub: 'joe', jti: crypto.randomUUID(), ...claims })
        .setProtectedHeader({ alg: 'RS256', kid: signer.id, typ: 'logout+jwt' })
        .setIssuer(issuer)
        .setAudience(clientId)
        .setIssuedAt()
        .setExpirationTime('2m')
        .sign(signer.privateKey);
    const send = async (text: string) =>
      fetch(`${consoleUrl}/api/v1/sign-in/oidc/back-channel-logout`, {
        method: 'POST',
        body: new URLSearchParams({ logout_token: text }),
      });

    it('ends the sessions of the user, also when it is repeated, and none of others', async () => {
      const [joe, jane] = [new Browser(), new Browser()];
      await signIn(joe, 'joe');
      await signIn(jane, 'jane');
      const text = await token({});
      expect([(await send(text)).status, (await send(text)).status]).toEqual([200, 200]);
      expect([(await me(joe))[0], (await me(jane))[0]]).toEqual([401, 200]);
      expect(await audited('session.ended')).toMatchObject({
        actor: issuer,
        details: { before: { name: 'joe@example.com' }, after: null },
      });
    });

    it.each<[string, () => Promise<string>]>([
      ['no token', async () => 'x'],
      ['another signer', async () => token({}, { ...newKey('second'), id: key.id })],
      ['an ID token', async () => token({ events: undefined })],
      ['a nonce', async () => token({ nonce: 'n' })],
      ['neither user nor session', async () => token({ sub: undefined })],
      ['no id', async () => token({ jti: undefined })],
      ['another audience', async () => token({}).then((text) => text.replace(/^[^.]+/, btoa('{"alg":"none"}')))],
    ])('refuses %s', async (_what, made) => {
      const joe = new Browser();
      await signIn(joe, 'joe');
      const answer = await send(await made());
      expect([answer.status, await answer.json()]).toEqual([
        400,
        expect.objectContaining({ code: 'LOGOUT_TOKEN_INVALID' }),
      ]);
      expect((await me(joe))[0]).toBe(200);
      await new Sessions(store).end((await me(joe))[1].session.id);
    });
  });
});
