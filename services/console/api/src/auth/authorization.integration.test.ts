import { type AccessRole, includesRole, roles } from '@tidewaiter/domain';
import { ApiTokens } from '@tidewaiter/store';
import { startConsole, type TestConsole } from '@tidewaiter/testkit';
import { v7 as uuidv7 } from 'uuid';

import { controllers } from '../console.module.js';
import { start } from '../main.js';
import { apiMethods } from '../openapi/api-methods.js';

let api: TestConsole;
const tokens = new Map<AccessRole, string>();
let expired = '';
let revoked = '';
let session = '';

beforeAll(async () => {
  api = await startConsole(start);
  for (const role of roles) tokens.set(role, await api.tokenOf(role, role));
  revoked = await api.tokenOf('revoked', 'admin');
  const made = new ApiTokens(api.store);
  expired = (await made.make('expired', 'admin', new Date(0))).reveal();
  await made.revoke('revoked');
  const opened = await fetch(`${api.url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token: tokens.get('admin') }),
  });
  session = /tidewaiter_session=([^;]+)/.exec(opened.headers.get('set-cookie') ?? '')![1]!;
});

afterAll(async () => api.stop());

/** Role that a route needs. By its effect, not by its declaration, which is under test. */
function neededFor(method: string, path: string): AccessRole | 'none' {
  if (path === '/api/v1/session') return method === 'post' ? 'none' : 'gate';
  if (path === '/api/v1/setup' || path.startsWith('/api/v1/sign-in')) return 'none';
  // Callers of these have no token yet: a token of a CI or a secret of their own stands for it.
  if (['/api/v1/ci-token', '/api/v1/device-logins', '/api/v1/device-logins/result'].includes(path)) return 'none';
  if (path === '/api/v1/me' || path.startsWith('/api/v1/device-logins/')) return 'gate';
  if (/^\/api\/v1\/(?:users|sessions|service-accounts|tokens|audit|removals)\b/.test(path)) return 'admin';
  if (path.startsWith('/api/v1/clusters') && method !== 'get') return 'admin';
  // Questions of pipelines and of Kubernetes, which a leaked token may ask.
  if (['/api/v1/gate', '/admission/validate', '/api/v1/openapi.json'].includes(path)) return 'gate';
  // Accounts keep views for themselves; sharing them is decided by their content.
  if (path.startsWith('/api/v1/views')) return 'viewer';
  const isQuestion = /\/(?:silences\/preview|routes\/replay|routes\/test|validate)$/.test(path);
  if (method === 'get' || isQuestion) return 'viewer';
  const isResponse = /^\/api\/v1\/(?:incidents|silences|pushes|deliveries|dead-letters)\b/.test(path);
  return isResponse ? 'responder' : 'maintainer';
}

interface Caller {
  name: string;
  headers(): Record<string, string>;
  /** Role of the token; null without a valid one. */
  role: AccessRole | null;
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

const callers: Caller[] = [
  ...roles.map((role) => ({ name: `token of ${role}`, headers: () => bearer(tokens.get(role)!), role })),
  { name: 'no token', headers: () => ({}), role: null },
  { name: 'empty token', headers: () => bearer(''), role: null },
  { name: 'unknown token', headers: () => bearer(`tide_${'a'.repeat(43)}`), role: null },
  { name: 'expired token', headers: () => bearer(expired), role: null },
  { name: 'revoked token', headers: () => bearer(revoked), role: null },
  { name: 'two tokens', headers: () => bearer(`${tokens.get('admin')!} ${tokens.get('admin')!}`), role: null },
  { name: 'Basic', headers: () => ({ authorization: `Basic ${btoa(`a:${tokens.get('admin')!}`)}` }), role: null },
  {
    name: 'forged cookie',
    headers: () => ({ cookie: `tidewaiter_session=${'a'.repeat(43)}`, 'x-tidewaiter-csrf': '1' }),
    role: null,
  },
  {
    name: 'token as a cookie',
    headers: () => ({ cookie: `tidewaiter_session=${tokens.get('admin')!}`, 'x-tidewaiter-csrf': '1' }),
    role: null,
  },
];

const routes = apiMethods(controllers).flatMap(({ method, path }) =>
  // Nest answers HEAD with the handler of GET.
  (method === 'get' ? ['get', 'head'] : [method]).map((sent) => ({ sent, method, path })),
);

describe('Authorization of the API', () => {
  it('covers every documented route', async () => {
    const answer = await fetch(`${api.url}/api/v1/openapi.json`, { headers: bearer(tokens.get('gate')!) });
    const { paths } = (await answer.json()) as { paths: Record<string, Record<string, unknown>> };
    const documented = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    const covered = routes.map(({ sent, path }) => `${sent} ${path}`);
    expect(documented.length).toBeGreaterThan(30);
    expect(documented.filter((route) => !covered.includes(route))).toEqual([]);
  });

  it.each(routes)('of $sent $path lets in exactly the callers with its role', async ({ sent, method, path }) => {
    const needed = neededFor(method, path);
    for (const { name, headers, role } of callers) {
      // Ids that are unknown: a caller that is let in changes nothing.
      const url = `${api.url}${path.replaceAll(/\{\w+\}/g, uuidv7())}`;
      const { status } = await fetch(url, { method: sent.toUpperCase(), headers: headers() });
      const isEnough = needed !== 'none' && role !== null && includesRole(role, needed);
      const expected = needed === 'none' || isEnough ? 'let in' : role === null ? 401 : 403;
      expect([name, [401, 403].includes(status) ? status : 'let in']).toEqual([name, expected]);
    }
  });

  it.each(routes.filter(({ method }) => method !== 'get'))(
    'of $sent $path ignores a session cookie that another site may have sent',
    async ({ sent, method, path }) => {
      if (neededFor(method, path) === 'none') return;
      const answer = await fetch(`${api.url}${path.replaceAll(/\{\w+\}/g, uuidv7())}`, {
        method: sent.toUpperCase(),
        headers: { cookie: `tidewaiter_session=${session}` },
      });
      expect(await answer.json()).toMatchObject({ code: 'CSRF_HEADER_MISSING' });
    },
  );

  it('names the missing role', async () => {
    const answer = await fetch(`${api.url}/api/v1/pushes`, {
      headers: { authorization: `Bearer ${tokens.get('gate')!}` },
    });
    expect(await answer.json()).toMatchObject({
      code: 'ROLE_MISSING',
      title: 'this needs the role viewer, and yours is gate',
    });
  });
});
