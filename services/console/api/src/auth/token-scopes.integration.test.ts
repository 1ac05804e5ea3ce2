import { Secret } from '@tidewaiter/domain';
import type { RunningService } from '@tidewaiter/runtime';
import { ApiTokens, connect, Store, type TokenScope, tokenScopes } from '@tidewaiter/store';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import { v7 as uuidv7 } from 'uuid';

import { controllers } from '../console.module.js';
import { start } from '../main.js';
import { apiMethods } from '../openapi/api-methods.js';

let servers: ThrowAwayServers<{ postgres: true; nats: true }>;
let service: RunningService;
const tokens = new Map<TokenScope, string>();

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true, nats: true });
  const databaseUrl = await servers.postgres.createDatabase();
  service = await start({
    TIDEWAITER_DATABASE_URL: databaseUrl,
    TIDEWAITER_NATS_URL: servers.nats.url,
    TIDEWAITER_HTTP_PORT: '0',
    TIDEWAITER_LOG_LEVEL: 'silent',
  });
  const dataSource = await connect({ url: new Secret(databaseUrl), poolSize: 2, name: 'test' });
  const made = new ApiTokens(new Store(dataSource, 'test'));
  for (const scope of tokenScopes) tokens.set(scope, (await made.make(scope, scope, null)).reveal());
  await dataSource.destroy();
});

afterAll(async () => {
  await service.stop();
  await servers.stop();
});

const status = async (scope: TokenScope, method: string, path: string): Promise<number> =>
  (await fetch(`${service.url}${path}`, { method, headers: { authorization: `Bearer ${tokens.get(scope)!}` } })).status;

/** Paths whose methods other than GET change nothing that others see. */
const harmless = [
  '/api/v1/session',
  '/api/v1/gate',
  '/admission/validate',
  '/api/v1/silences/preview',
  '/api/v1/routes/replay',
];

describe('token scopes', () => {
  it.each<[string, string, TokenScope]>([
    ['GET', '/api/v1/pushes', 'read'],
    ['HEAD', '/api/v1/pushes', 'read'],
    ['GET', `/api/v1/deliveries/${uuidv7()}`, 'read'],
    ['POST', '/api/v1/silences/preview', 'read'],
    ['POST', '/api/v1/gate', 'gate'],
    ['POST', '/admission/validate', 'gate'],
    ['GET', '/api/v1/openapi.json', 'gate'],
    ['POST', '/api/v1/silences', 'write'],
    ['POST', `/api/v1/incidents/${uuidv7()}/acknowledge`, 'write'],
    ['POST', `/api/v1/deliveries/${uuidv7()}/redrive`, 'write'],
    ['POST', '/api/v1/deliveries/redrive', 'write'],
  ])('%s %s needs a token for %s', async (method, path, needed) => {
    for (const scope of tokenScopes) {
      const isEnough = tokenScopes.indexOf(scope) >= tokenScopes.indexOf(needed);
      expect([scope, (await status(scope, method, path)) === 403]).toEqual([scope, !isEnough]);
    }
  });

  it('refuses every change to a token for read', async () => {
    const changes = apiMethods(controllers).filter(({ method, path }) => method !== 'get' && !harmless.includes(path));
    expect(changes.length).toBeGreaterThan(5);
    for (const { method, path } of changes)
      expect([path, await status('read', method.toUpperCase(), path.replace('{id}', uuidv7()))]).toEqual([path, 403]);
  });

  it('names the missing scope', async () => {
    const answer = await fetch(`${service.url}/api/v1/pushes`, {
      headers: { authorization: `Bearer ${tokens.get('gate')!}` },
    });
    expect(await answer.json()).toMatchObject({
      code: 'SCOPE_MISSING',
      title: 'this needs a token for read, and yours is for gate',
    });
  });
});
