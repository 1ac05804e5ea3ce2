import { setTimeout as sleep } from 'node:timers/promises';

import { Secret, type IncidentState, type Severity } from '@tidewaiter/domain';
import { incidentFields, parseQuery, pushFields } from '@tidewaiter/query';
import { minerIncident, throwAwayServers, type ThrowAwayServers, uuidOf } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { pushList } from '../images/pushes/push-list.js';
import { incidentList } from '../incidents/incident-list.js';
import { IncidentTriage } from '../incidents/incident-triage.js';
import { Incidents, type ListedIncident } from '../incidents/incidents.js';
import { connect } from './data-source.js';
import { Lists } from './lists.js';
import { Store } from './store.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;
let lists: Lists;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 3, name: 'test' });
  store = new Store(dataSource, 'test');
  lists = new Lists(store);
  await addIncidents();
});

afterAll(async () => {
  await dataSource.destroy();
  await servers.stop();
});

const some: {
  name: string;
  severity: Severity;
  namespace: string | null;
  techniques: string[];
  state: IncidentState;
}[] = [
  { name: 'a', severity: 'low', namespace: 'shop', techniques: ['T1496'], state: 'open' },
  { name: 'b_1', severity: 'critical', namespace: 'shop-eu', techniques: ['T1496', 'T1059'], state: 'open' },
  { name: 'c%2', severity: 'high', namespace: null, techniques: [], state: 'resolved' },
  { name: 'd', severity: 'unknown', namespace: 'pay', techniques: ['T1059'], state: 'open' },
  { name: 'e', severity: 'high', namespace: 'pay', techniques: ['T1611'], state: 'open' },
];

async function addIncidents(): Promise<void> {
  const incidents = new Incidents(store);
  for (const { name, severity, namespace, techniques, state } of some) {
    const incident = minerIncident({ id: uuidOf(name), title: name, sentence: '', severity, namespace, techniques });
    await store.transaction(async (tx) => incidents.apply(tx, [{ kind: 'opened', incident }]));
    if (state === 'resolved')
      await store.transaction(async (tx) => new IncidentTriage().resolve(tx, uuidOf(name), 'ann'));
  }
}

const everyPage = { isDescending: false, limit: 100, sort: 'number' } as const;

async function titlesOf(text: string): Promise<string> {
  const where = parseQuery(text, incidentFields, new Date());
  const { items } = await store.unlimited(async () => lists.page(incidentList, { ...everyPage, where }));
  const { count } = await store.unlimited(async () => lists.total(incidentList, where));
  expect(count).toBe(items.length);
  return items.map(({ title }) => title).join(' ');
}

/** Waits until no connection is held by a transaction. */
async function untilNoTransaction(): Promise<void> {
  for (;;) {
    const held = await store.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'`,
    );
    if (held.length === 0) return;
    await sleep(20);
  }
}

describe('Lists', () => {
  it.each([
    ['', 'a b_1 c%2 d e'],
    ['severity>=high', 'b_1 c%2 e'],
    ['severity>high', 'b_1'],
    ['severity<high', 'a d'],
    ['severity<=high', 'a c%2 d e'],
    ['severity!=high', 'a b_1 d'],
    ['namespace=shop', 'a'],
    ['namespace=shop*', 'a b_1'],
    ['namespace=*-eu,pay', 'b_1 d e'],
    ['namespace!=pay', 'a b_1 c%2'],
    ['-namespace=pay', 'a b_1 c%2'],
    ['technique=T1059', 'b_1 d'],
    ['technique!=T1059', 'a c%2 e'],
    ['technique=T16*', 'e'],
    ['state=resolved', 'c%2'],
    ['by=ann', 'c%2'],
    ['acknowledged', ''],
    ['-acknowledged severity=critical', 'b_1'],
    ['events>0 opened>1h', 'a b_1 c%2 d e'],
    ['opened<1h', ''],
    ['seen>=2020-01-01 number<=2', 'a b_1'],
    ['B_', 'b_1'],
    ['%', 'c%2'],
    ['namespace=pay or severity=critical', 'b_1 d e'],
    ['not (namespace=pay or severity=critical)', 'a c%2'],
    [`namespace="'; DROP TABLE incident; --"`, ''],
  ])('finds the incidents of %j', async (text, titles) => {
    expect(await titlesOf(text)).toBe(titles);
  });

  it('reads every field of its lists', async () => {
    const values = { text: 'a', match: 'a', number: '1', time: '1d', flag: 'true' };
    for (const [name, field] of Object.entries(incidentFields)) {
      const value = 'values' in field ? field.values[0] : values[field.type];
      expect(typeof (await titlesOf(`${name}=${value}`))).toBe('string');
    }
    for (const [name, field] of Object.entries(pushFields)) {
      const value = 'values' in field ? field.values[0] : values[field.type];
      const where = parseQuery(`${name}=${value}`, pushFields, new Date());
      const total = await store.unlimited(async () => lists.total(pushList, where));
      expect(total.count).toBe(0);
    }
  });

  it.each(Object.keys(incidentList.sorts) as (keyof typeof incidentList.sorts)[])(
    'pages through the incidents by %s without a gap or a repetition',
    async (sort) => {
      for (const isDescending of [true, false]) {
        const request = { where: parseQuery('', incidentFields, new Date()), sort, isDescending };
        const page = async (limit: number, after?: string) =>
          store.unlimited(async () => lists.page(incidentList, { ...request, limit, after }));
        const whole = await page(100);
        const paged: string[] = [];
        for (let after: string | undefined, pages = 0; pages < 10; pages += 1) {
          const { items, next } = await page(2, after);
          paged.push(...items.map(({ title }) => title));
          if (next === null) break;
          after = next;
        }
        expect(paged).toEqual(whole.items.map(({ title }) => title));
        expect(paged.toSorted()).toEqual(some.map(({ name }) => name));
      }
    },
  );

  it('reads all rows in the order of its pages, although the reader pauses', async () => {
    for (const sort of Object.keys(incidentList.sorts) as (keyof typeof incidentList.sorts)[]) {
      const order = { where: parseQuery('', incidentFields, new Date()), sort, isDescending: true };
      const reader = lists.reader(incidentList, order);
      const read: ListedIncident[] = [];
      const next = async (limit: number) =>
        store.unlimited(async () => reader.next(limit, (incident) => read.push(incident)));
      expect(await next(2)).toBe(2);
      await untilNoTransaction();
      expect(await next(2)).toBe(2);
      expect(await next(2)).toBe(1);
      await untilNoTransaction();
      const page = await store.unlimited(async () => lists.page(incidentList, { ...order, limit: 100 }));
      expect(read).toEqual(page.items);
    }
  });

  it('keeps a connection for pages while many read all rows', async () => {
    const order = { where: parseQuery('', incidentFields, new Date()), sort: 'number', isDescending: false } as const;
    const whole = async (): Promise<string> => {
      const reader = lists.reader(incidentList, order);
      let titles = '';
      while ((await reader.next(1, ({ title }) => void (titles += title))) > 0);
      return titles;
    };
    const titles = some.map(({ name }) => name).join('');
    const readers = Array.from({ length: 8 }, async () => store.unlimited(whole));
    expect(await titlesOf('')).toBe('a b_1 c%2 d e');
    expect(await Promise.all(readers)).toEqual(readers.map(() => titles));
  });

  it('frees the connection of a reader whose rows cannot be taken', async () => {
    const order = { where: parseQuery('', incidentFields, new Date()), sort: 'number', isDescending: false } as const;
    for (let readers = 0; readers < 5; readers += 1) {
      const reader = lists.reader(incidentList, order);
      const refuse = () => {
        throw new Error('no');
      };
      await expect(store.unlimited(async () => reader.next(2, refuse))).rejects.toThrow('no');
    }
    await untilNoTransaction();
  });

  it.each([
    '',
    'x',
    'W10',
    ...['["seen","a","b"]', '["number","a","1"]', '["number","1",""]', '["number","1","1","1"]'].map((text) =>
      Buffer.from(text).toString('base64url'),
    ),
  ])('rejects the cursor %j of another list or order', async (after) => {
    const where = parseQuery('', incidentFields, new Date());
    const page = store.unlimited(async () => lists.page(incidentList, { ...everyPage, where, after }));
    await expect(page).rejects.toMatchObject({ code: 'CURSOR_INVALID' });
  });

  it.each<[string, { q?: string; isDescending?: boolean; sort?: 'events' }]>([
    ['another direction', { isDescending: true }],
    ['another order', { sort: 'events' }],
    ['another query', { q: 'severity=high' }],
  ])('rejects a cursor for %s', async (_, { q = '', ...order }) => {
    const page = async (text: string, changed: object, after?: string) =>
      store.unlimited(async () => {
        const where = parseQuery(text, incidentFields, new Date());
        return lists.page(incidentList, { ...everyPage, limit: 1, where, after, ...changed });
      });
    const { next } = await page('opened>7d', {});
    expect((await page('opened>7d', {}, next!)).items).toHaveLength(1);
    await expect(page(`opened>7d ${q}`, order, next!)).rejects.toMatchObject({ code: 'CURSOR_INVALID' });
  });

  it.each([
    ['2026-13-01 00:00:00+00'],
    ['2026-02-30 00:00:00+00'],
    ['0000-01-01 00:00:00+00'],
    ['2026-01-01 24:00:01+00'],
    ['2026-01-01 00:61:00+00'],
    ['2026-01-01 00:00:00+99'],
  ])('rejects the time %s of a changed cursor', async (time) => {
    const where = parseQuery('', incidentFields, new Date());
    const page = async (after?: string) =>
      store.unlimited(async () => lists.page(incidentList, { ...everyPage, sort: 'opened', limit: 1, where, after }));
    const { next } = await page();
    const [binding, , key] = JSON.parse(Buffer.from(next!, 'base64url').toString()) as string[];
    const changed = Buffer.from(JSON.stringify([binding, time, key])).toString('base64url');
    await expect(page(changed)).rejects.toMatchObject({ code: 'CURSOR_INVALID' });
  });

  it('reads nothing where the limits of the request were lost', async () => {
    const where = parseQuery('', incidentFields, new Date());
    await expect(lists.page(incidentList, { ...everyPage, where })).rejects.toThrow('outside of the limits');
    await expect(lists.reader(incidentList, { ...everyPage, where }).next(1, () => undefined)).rejects.toThrow(
      'outside of the limits',
    );
    await expect(lists.total(incidentList, where)).rejects.toThrow('outside of the limits');
    await expect(lists.values(incidentList, 'state', '')).rejects.toThrow('outside of the limits');
  });
});
