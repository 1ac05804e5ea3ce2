import { type AccessScope, Secret } from '@tidewaiter/domain';
import { Egress } from '@tidewaiter/egress';
import type { Message } from '@tidewaiter/messages';
import { channelReaders } from '@tidewaiter/receivers';
import { parseRouting } from '@tidewaiter/routing';
import { parseSettings } from '@tidewaiter/runtime';
import { ApiTokens, connect, Deliveries, Lists, Pushes, SavedViews, Store, ViewWatches } from '@tidewaiter/store';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { Channels } from '../delivery/channels.js';
import { ViewNotices } from './view-notices.js';
import { ViewRows } from './view-rows.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;

const routing = parseRouting(
  `route: { receiver: team }
receivers:
  - name: team
    slack_configs: [ { api_url: "https://hook.example/" } ]
    webhook_configs: [ { url: "https://hook.example/" } ]
  - name: empty`,
  { channels: channelReaders, readFile: () => '' },
);

/** A replica of the notifier; each has its own memory. */
function replica(): ViewNotices {
  const channels = new Channels(routing, new Egress({ allow: [] }), 'https://t.example', 1);
  const rows = new ViewRows(
    parseSettings('', () => ''),
    store,
    new Lists(store),
  );
  return new ViewNotices(store, new ViewWatches(store), rows, channels, new Deliveries(store));
}

/** Looks at all views now, as if the pauses were over. */
async function look(notices = replica()): Promise<void> {
  await store.query('UPDATE view_watch SET due_at = now()');
  await notices.lookAtDue();
}

async function push(...repositories: string[]): Promise<void> {
  const place = { connection: 'main', tag: '1', claimedDigest: null, artifact: 'image' as const };
  const more = { attachedTo: null, pushedBy: null, pushedAt: null };
  await store.transaction(async (tx) =>
    new Pushes(store).add(
      tx,
      repositories.map((repository) => ({ ...place, ...more, repository })),
    ),
  );
}

type Role = 'viewer' | 'responder';

async function account(name: string, role: Role = 'responder', scopes: AccessScope[] | null = null): Promise<void> {
  await new ApiTokens(store).make(name, role, null, scopes);
}

const body = { visibility: 'private', list: 'pushes', q: 'repository=shop/*', sort: null, isPinned: false } as const;
const views = () => new SavedViews(store);
const viewer = (name: string) => ({ kind: 'service-account' as const, name, scopes: null });
const save = async (owner: string, name: string, more: object = {}) =>
  views().add(viewer(owner), { ...body, name, receiver: 'team', ...more });

interface Row {
  channel: string;
  receiver: string;
  message: Message;
}
const deliveries = async () => store.query<Row>('SELECT channel, receiver, message FROM delivery ORDER BY number');
const announced = async () =>
  (await deliveries())
    .filter(({ channel }) => channel === 'slack')
    .map(({ message }) => message.sections.flatMap(({ items }) => items.map(({ text }) => text)).toSorted());
const problems = async () =>
  (await store.query<{ problem: string }>('SELECT problem FROM view_watch')).map(({ problem }) => problem);

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
});

beforeEach(async () => {
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 8, name: 'test' });
  store = new Store(dataSource, 'test');
});

afterEach(async () => dataSource.destroy());
afterAll(async () => servers.stop());

describe('ViewNotices', () => {
  it('announces rows that are new since the view has a receiver, once on each channel', async () => {
    await account('ann');
    await push('shop/old', 'data/etl');
    await save('ann', 'ours');
    await look();
    expect(await deliveries()).toEqual([]);
    await push('shop/app', 'shop/web', 'data/etl');
    await look();
    expect(await announced()).toEqual([['shop/app:1', 'shop/web:1']]);
    expect((await deliveries()).map(({ channel, receiver }) => [channel, receiver])).toEqual(
      expect.arrayContaining([
        ['slack', 'team'],
        ['webhook', 'team'],
      ]),
    );
    expect(await store.query(`SELECT FROM job WHERE queue = 'delivery'`)).toHaveLength(2);
    const [first] = await deliveries();
    expect(first!.message).toMatchObject({
      title: 'View ours · 2 new rows',
      links: [{ url: 'https://t.example/images?q=repository%3Dshop%2F*' }],
    });
    // Another process remembers, and waits until the view is due.
    await look(replica());
    await push('shop/late');
    await replica().lookAtDue();
    expect(await announced()).toHaveLength(1);
  });

  it('announces once however many replicas look', async () => {
    await account('ann');
    await save('ann', 'ours');
    await look();
    await push('shop/app');
    await store.query('UPDATE view_watch SET due_at = now()');
    await Promise.all(Array.from({ length: 4 }, async () => replica().lookAtDue()));
    expect(await announced()).toEqual([['shop/app:1']]);
  });

  it('announces a row again only when the view has not had it for a week', async () => {
    await account('ann');
    await save('ann', 'ours', { q: 'state=accepted' });
    await push('shop/app');
    await look();
    const leave = async (state: string) => store.query('UPDATE push SET state = $1', [state]);
    await leave('refused');
    await look();
    await leave('accepted');
    await look();
    expect(await announced()).toEqual([]);
    await leave('refused');
    await look();
    await store.query(`UPDATE view_row SET gone_at = gone_at - interval '8 days'`);
    await look();
    await leave('accepted');
    await look();
    expect(await announced()).toEqual([['shop/app:1']]);
    await leave('refused');
    await look();
    await store.query(`UPDATE view_row SET gone_at = gone_at - interval '8 days'`);
    await look();
    await leave('accepted');
    await look();
    expect(await announced()).toEqual([['shop/app:1'], ['shop/app:1']]);
  });

  it('begins anew with another query, and ends with the receiver', async () => {
    await account('ann');
    const view = await save('ann', 'ours');
    await push('data/etl');
    await look();
    const change = async (more: object) =>
      views().replace(viewer('ann'), view.id, { ...body, name: 'ours', receiver: 'team', ...more }, () => undefined);
    await change({ q: 'repository=data/*' });
    await look();
    expect(await announced()).toEqual([]);
    await change({ q: 'repository=data/*', receiver: null });
    await push('data/more');
    await look();
    expect(await store.query('SELECT FROM view_watch')).toEqual([]);
    expect(await store.query('SELECT FROM view_row')).toEqual([]);
    expect(await announced()).toEqual([]);
  });

  it('sees what its owner sees now', async () => {
    const only = (repositories: string[]) => [{ repositories, clusters: [], namespaces: [], owners: [] }];
    await account('shop', 'responder', only(['shop/app']));
    await save('shop', 'ours', { q: '' });
    await look();
    await push('shop/app', 'shop/web');
    await look();
    expect(await announced()).toEqual([['shop/app:1']]);
    const [{ message }] = (await deliveries()) as [Row];
    expect(message.facts).toContainEqual({ label: 'Limited to', value: 'repositories shop/app' });
    await store.query('UPDATE service_account SET scopes = $1::jsonb', [JSON.stringify(only(['data/*']))]);
    await push('shop/app');
    await look();
    expect(await announced()).toHaveLength(1);
  });

  it.each<[string, Role, object, string]>([
    ['whose owner may only read', 'viewer', {}, 'responder'],
    ['of a receiver without channels', 'responder', { receiver: 'empty' }, 'no channel of the receiver empty'],
    ['with a query that cannot be read', 'responder', { q: 'color=red' }, 'color'],
  ])('notes the problem of a view %s, and goes on with others', async (_, role, more, problem) => {
    await account('bob', role);
    await save('bob', 'broken', more);
    await account('ann');
    await save('ann', 'ours');
    await look();
    await push('shop/app');
    await look();
    expect(await announced()).toEqual([['shop/app:1']]);
    expect(await problems()).toEqual(expect.arrayContaining([expect.stringContaining(problem), null]));
    const [shown] = await views().visibleTo(viewer('bob'));
    expect(shown!.watchProblem).toContain(problem);
  });

  it('ends with its owner', async () => {
    await account('ann');
    await save('ann', 'ours');
    await look();
    await store.query('DELETE FROM api_token');
    await store.query('DELETE FROM service_account');
    await push('shop/app');
    await look();
    expect(await announced()).toEqual([]);
    expect(await problems()).toEqual([expect.stringContaining('ann may not sign in')]);
  });

  it('limits the views of an account', async () => {
    await account('ann');
    for (let number = 0; number < 20; number += 1) await save('ann', `view ${number}`);
    await expect(save('ann', 'one more')).rejects.toMatchObject({ limit: 'TOO_MANY_VIEWS' });
    await expect(save('ann', 'silent', { receiver: null })).resolves.toMatchObject({ receiver: null });
  });
});
