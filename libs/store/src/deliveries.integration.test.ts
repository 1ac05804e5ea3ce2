import { randomBytes } from 'node:crypto';

import { Secret } from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import { connect } from './data-source.js';
import { Deliveries, type NewDelivery } from './deliveries.js';
import { Store } from './store.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;
let deliveries: Deliveries;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
});

beforeEach(async () => {
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 4, name: 'test' });
  store = new Store(dataSource, 'test');
  deliveries = new Deliveries(store);
});

afterEach(async () => dataSource.destroy());

afterAll(async () => servers.stop());

const delivery = (more: Partial<NewDelivery<unknown>> = {}): NewDelivery<unknown> => ({
  eventId: uuidv7(),
  receiver: 'team',
  channel: 'slack',
  integration: 0,
  route: 'route',
  groupKey: '{}',
  groupLabels: {},
  alerts: [],
  message: {},
  edition: null,
  ...more,
});

const add = async (...all: NewDelivery<unknown>[]) => store.transaction((tx) => deliveries.add(tx, all));

it('does not lose that a delivery arrived to a failure that comes late', async () => {
  const [id = ''] = await add(delivery());
  await deliveries.sending(id, 1);
  await store.transaction((tx) => deliveries.sent(tx, id, '1.1', null));
  await deliveries.retrying(id, 1, 'STORE_UNAVAILABLE', 'the answer to the commit was lost', 1);
  expect(await store.transaction((tx) => deliveries.failed(tx, id, 1, 'STORE_UNAVAILABLE', 'lost'))).toBe(false);
  expect(await deliveries.get(id)).toMatchObject({ state: 'sent', reference: '1.1', code: null, nextAt: null });
});

it('keeps one message per event and group, however long the labels of the group are', async () => {
  // Random, because PostgreSQL would compress a repetition before it indexes it.
  const long = delivery({ groupKey: randomBytes(20_000).toString('base64') });
  const added = [await add(long), await add(long), await add({ ...long, groupKey: `${long.groupKey}x` })];
  expect(added.map((ids) => ids.length)).toEqual([1, 0, 1]);
});

it('drops a message when its channel is told of something newer', async () => {
  const of = (revision: number, more: Partial<NewDelivery<unknown>> = {}) =>
    delivery({ edition: { subject: 'incident', revision }, ...more });
  const ids = await add(of(1), of(2), of(1, { receiver: 'other' }), delivery());
  const superseded = await Promise.all(ids.map(async (id) => deliveries.superseded(id)));
  expect(superseded).toEqual([true, false, false, false]);
  expect(await deliveries.get(ids[0]!)).toMatchObject({ state: 'superseded', finishedAt: expect.any(Date) });
});

it('keeps a message when the newer one is given up', async () => {
  const [older = '', newer = ''] = await add(
    delivery({ edition: { subject: 'incident', revision: 1 } }),
    delivery({ edition: { subject: 'incident', revision: 2 } }),
  );
  await store.transaction((tx) => deliveries.failed(tx, newer, 1, 'SLACK_DENIED', 'no'));
  expect(await deliveries.superseded(older)).toBe(false);
});
