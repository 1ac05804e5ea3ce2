import { type AccessScope, Secret } from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { connect } from '../core/data-source.js';
import { Store } from '../core/store.js';
import { ApiTokens } from './api-tokens.js';
import { Sessions } from './sessions.js';
import { Users } from './users.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 2, name: 'test' });
  store = new Store(dataSource, 'test');
});

afterAll(async () => {
  await dataSource.destroy();
  await servers.stop();
});

const scopeOf = (repository: string): AccessScope[] => [
  { repositories: [repository], clusters: [], namespaces: [], owners: [] },
];
const identity = { issuer: 'https://id.example.com', subject: '1', name: 'ann', email: null };
const limits = { idleMs: 3_600_000, absoluteMs: 3_600_000 };

describe('Users', () => {
  it('limit a session as the groups or the assigned role do, from the next request on', async () => {
    const [users, sessions] = [new Users(store), new Sessions(store)];
    const user = await users.signedIn({ ...identity, groupRole: 'responder', groupScopes: scopeOf('shop/*') });
    const opened = { of: { userId: user.id }, address: '127.0.0.1', userAgent: '', replaces: null };
    const secret = (await sessions.open(opened, limits)).reveal();
    const access = async () => {
      const { role, scopes } = (await sessions.verify(secret, limits))!;
      return { role, scopes };
    };
    expect(await access()).toEqual({ role: 'responder', scopes: scopeOf('shop/*') });
    await users.change(user.id, { role: 'viewer', scopes: scopeOf('pay/*') });
    expect(await access()).toEqual({ role: 'viewer', scopes: scopeOf('pay/*') });
    await users.change(user.id, { disabled: false });
    expect(await access()).toEqual({ role: 'viewer', scopes: scopeOf('pay/*') });
    // Limits belong to the role that is assigned with them.
    await users.change(user.id, { role: 'admin' });
    expect(await access()).toEqual({ role: 'admin', scopes: null });
    await users.change(user.id, { role: null });
    expect(await access()).toEqual({ role: 'responder', scopes: scopeOf('shop/*') });
    await users.signedIn({ ...identity, groupRole: 'responder', groupScopes: null });
    expect(await access()).toEqual({ role: 'responder', scopes: null });
  });

  it('cannot be limited in a role that changes what holds for everybody', async () => {
    const [user] = (await new Users(store).list({ limit: 1 })).items;
    const limited = { role: 'maintainer', scopes: scopeOf('x') } as const;
    await expect(new Users(store).change(user!.id, limited)).rejects.toMatchObject({ code: 'ROLE_NOT_LIMITABLE' });
  });
});

describe('ApiTokens', () => {
  it('grant an earlier release least where the account has limits', async () => {
    const tokens = new ApiTokens(store);
    await tokens.make('limited', 'responder', null, scopeOf('shop/*'));
    await tokens.make('whole', 'responder', null);
    expect(await store.query('SELECT name, scope FROM api_token ORDER BY name')).toEqual([
      { name: 'limited', scope: 'gate' },
      { name: 'whole', scope: 'read' },
    ]);
  });

  it('refuse a second token with other limits, while the first counts', async () => {
    const tokens = new ApiTokens(store);
    await tokens.make('first', 'viewer', null, scopeOf('shop/*'));
    await store.query(`UPDATE api_token SET name = 'other' WHERE name = 'first'`);
    await expect(tokens.make('first', 'viewer', null)).rejects.toMatchObject({ code: 'SERVICE_ACCOUNT_TAKEN' });
    await tokens.make('first', 'viewer', null, scopeOf('shop/*'));
  });
});
