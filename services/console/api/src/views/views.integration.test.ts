import { type AccessRole, type AccessScope } from '@tidewaiter/domain';
import { Pushes, Store } from '@tidewaiter/store';
import { startConsole, type TestConsole } from '@tidewaiter/testkit';

import { start } from '../main.js';

let api: TestConsole;
let store: Store;
const tokens: Record<string, string> = {};

interface View {
  id: string;
  name: string;
  [more: string]: unknown;
}

interface Answer {
  status: number;
  body: View & { code?: string; items: View[] };
}

async function call(method: string, path: string, as: string, body?: object): Promise<Answer> {
  const response = await fetch(`${api.url}/api/v1/${path}`, {
    method,
    headers: { authorization: `Bearer ${tokens[as]}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Answer['body'] };
}

const namesOf = async (as: string) => (await call('GET', 'views', as)).body.items.map(({ name }) => name);

beforeAll(async () => {
  api = await startConsole(start);
  store = api.store;
  const of = (repositories: string[]): AccessScope[] => [{ repositories, clusters: [], namespaces: [], owners: [] }];
  const accounts: [string, AccessRole, AccessScope[] | null][] = [
    ['ann', 'viewer', null],
    ['bob', 'viewer', null],
    ['mia', 'maintainer', null],
    ['shop', 'responder', of(['shop/*'])],
  ];
  for (const [name, role, scopes] of accounts) tokens[name] = await api.tokenOf(name, role, scopes);
  await store.transaction(async (tx) =>
    new Pushes(store).add(
      tx,
      ['shop/app', 'shop/web', 'data/etl'].map((repository) => ({
        ...{ connection: 'main', repository, tag: '1', claimedDigest: null, artifact: 'image' as const },
        ...{ attachedTo: null, pushedBy: null, pushedAt: null },
      })),
    ),
  );
});

afterAll(async () => api.stop());

const view = { name: 'all pushes', list: 'pushes', q: 'tag=1', sort: '-received', isPinned: true };

describe('saved views', () => {
  it('are seen by their owner alone, until they are shared', async () => {
    const made = await call('POST', 'views', 'ann', view);
    expect(made).toMatchObject({ status: 200, body: { ...view, owner: 'ann', isOwn: true, visibility: 'private' } });
    expect(await namesOf('ann')).toEqual(['all pushes']);
    for (const other of ['bob', 'mia', 'shop']) expect(await namesOf(other)).toEqual([]);
    for (const method of ['PUT', 'DELETE'])
      expect(await call(method, `views/${made.body.id}`, 'mia', method === 'PUT' ? view : undefined)).toMatchObject({
        status: 404,
        body: { code: 'VIEW_UNKNOWN' },
      });
    expect(await call('POST', 'views', 'ann', { ...view, visibility: 'everyone' })).toMatchObject({
      status: 403,
      body: { code: 'ROLE_MISSING' },
    });
  });

  it('that are shared are seen, with their texts by accounts with limits only if they are for everyone', async () => {
    await call('POST', 'views', 'mia', { ...view, name: 'inside', visibility: 'unlimited' });
    await call('POST', 'views', 'mia', { ...view, name: 'open', visibility: 'everyone' });
    expect(await namesOf('bob')).toEqual(['inside', 'open']);
    expect(await namesOf('shop')).toEqual(['open']);
  });

  it('are counted within the limits of the viewer, not of the owner', async () => {
    const totals = async (as: string) =>
      (await call('GET', 'views?pinned=true&count=true', as)).body.items.map(({ name, total }) => [name, total]);
    expect(await totals('mia')).toEqual([
      ['inside', { count: 3, isAtLeast: false }],
      ['open', { count: 3, isAtLeast: false }],
    ]);
    expect(await totals('shop')).toEqual([['open', { count: 2, isAtLeast: false }]]);
  });

  it('are renamed, unpinned and deleted by their owner or, if shared, by a maintainer', async () => {
    const [own] = (await call('GET', 'views', 'ann')).body.items;
    const renamed = { ...view, name: 'renamed', isPinned: false };
    expect(await call('PUT', `views/${own!.id}`, 'ann', renamed)).toMatchObject({ status: 200, body: renamed });
    const [shared] = (await call('GET', 'views', 'bob')).body.items;
    expect(shared).toMatchObject({ isOwn: false, mayChange: false });
    expect(await call('DELETE', `views/${shared!.id}`, 'bob')).toMatchObject({ body: { code: 'ROLE_MISSING' } });
    expect((await call('DELETE', `views/${shared!.id}`, 'mia')).status).toBe(204);
    expect(await namesOf('bob')).toEqual(['open']);
    const limited = await call('POST', 'views', 'shop', { ...view, name: 'ours' });
    expect((await call('DELETE', `views/${limited.body.id}`, 'shop')).status).toBe(204);
  });

  it.each<[object, number, string]>([
    [{ ...view, name: 'renamed' }, 409, 'VIEW_EXISTS'],
    [{ ...view, name: 'x', q: 'color=red' }, 400, 'QUERY_INVALID'],
    [{ ...view, name: 'x', sort: 'color' }, 400, 'INPUT_INVALID'],
    [{ ...view, name: 'x', list: 'audit' }, 400, 'INPUT_INVALID'],
    [{ ...view, name: 'x\u202Ey' }, 400, 'INPUT_INVALID'],
    [{ ...view, name: ' ' }, 400, 'INPUT_INVALID'],
  ])('refuse %j', async (body, status, code) => {
    expect(await call('POST', 'views', 'ann', body)).toMatchObject({ status, body: { code } });
  });

  it('are refused and not counted where an account may not read the list', async () => {
    const deliveries = { ...view, name: 'deliveries', list: 'deliveries', q: '', sort: null };
    expect(await call('POST', 'views', 'shop', deliveries)).toMatchObject({
      status: 403,
      body: { code: 'SCOPE_INSUFFICIENT' },
    });
    const shared = await call('POST', 'views', 'mia', { ...deliveries, visibility: 'everyone' });
    const seen = (await call('GET', 'views?count=true', 'shop')).body.items.find(({ id }) => id === shared.body.id);
    expect(seen).toMatchObject({ total: null, problem: expect.stringContaining('limited') });
    await call('DELETE', `views/${shared.body.id}`, 'mia');
  });

  it('with a query that a later version cannot read say so, and spoil no other', async () => {
    await store.query("UPDATE saved_view SET q = 'gone=1' WHERE name = 'renamed'");
    const { body } = await call('GET', 'views?count=true', 'ann');
    expect(body.items).toMatchObject([
      { name: 'renamed', total: null, problem: expect.stringContaining('gone') },
      { name: 'open', total: { count: 3 }, problem: null },
    ]);
  });
});
