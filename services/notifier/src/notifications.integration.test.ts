import { type Alert, Secret } from '@tidewaiter/domain';
import { parseRouting } from '@tidewaiter/routing';
import { Egress } from '@tidewaiter/runtime';
import { connect, Deliveries, Store } from '@tidewaiter/store';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import { Channels } from './channels.js';
import type { Message } from './message.js';
import { Notifications } from './notifications.js';

const routing = parseRouting(
  `
route: { receiver: team, group_by: [rule] }
receivers: [ { name: team, webhook_configs: [ { url: "https://hook.example/" } ] } ]
`,
  () => '',
);

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;
let deliveries: Deliveries;
let notifications: Notifications;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
});

beforeEach(async () => {
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 2, name: 'test' });
  store = new Store(dataSource, 'test');
  deliveries = new Deliveries(store);
  notifications = new Notifications(
    new Channels(routing, new Egress({ allow: [] }), 'https://t.example', 1),
    deliveries,
  );
});

afterEach(async () => dataSource.destroy());

afterAll(async () => servers.stop());

const alert = (rule: string, status: Alert['status']): Alert => ({
  identity: rule,
  labels: { rule },
  annotations: {},
  status,
  startsAt: '2026-01-01T00:00:00Z',
  endsAt: null,
});

it('tells a group only of what is new or over in it', async () => {
  const subjects = [
    { alert: alert('new', 'firing'), about: true },
    { alert: alert('old', 'firing'), about: false },
    { alert: alert('gone', 'resolved'), about: false },
  ];
  const wording = {
    isNews: (some: readonly { about: boolean }[]) => some.some(({ about }) => about),
    message: () => ({}) as Message,
  };
  await store.transaction(async (tx) => notifications.add(tx, uuidv7(), subjects, wording));
  const { items } = await deliveries.list({ limit: 10 });
  expect(items.map(({ groupLabels }) => groupLabels['rule'] ?? '').toSorted()).toEqual(['gone', 'new']);
});
