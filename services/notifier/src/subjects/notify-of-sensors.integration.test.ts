import { Secret } from '@tidewaiter/domain';
import { Egress } from '@tidewaiter/egress';
import { sensorRecovered, sensorSilenced } from '@tidewaiter/events';
import { channelReaders } from '@tidewaiter/receivers';
import { parseRouting } from '@tidewaiter/routing';
import {
  AlertGroups,
  AlertHistory,
  connect,
  Deliveries,
  FiringAlerts,
  SilenceLedger,
  Store,
  NotificationLog,
} from '@tidewaiter/store';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import { Channels } from '../delivery/channels.js';
import { Dispatcher } from '../dispatch/dispatcher.js';
import { MuteState } from '../dispatch/mute-state.js';
import { NotifyOfSensors } from './notify-of-sensors.js';

const routing = parseRouting(
  `
route: { receiver: nobody, routes: [ { matchers: [ kind = "sensor", cluster = "eu1" ], receiver: platform, group_by: [sensor] } ] }
receivers:
  - { name: nobody }
  - { name: platform, webhook_configs: [ { url: "https://hook.example/", send_resolved: true } ] }
`,
  { channels: channelReaders, readFile: () => '' },
);

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 2, name: 'test' });
});

afterAll(async () => {
  await dataSource.destroy();
  await servers.stop();
});

const event = (type: typeof sensorSilenced) => ({
  specversion: '1.0' as const,
  id: uuidv7(),
  source: '/tidewaiter/ingest',
  type: type.type,
  subject: 'nodes',
  time: '2026-01-02T03:14:05.000Z',
  datacontenttype: 'application/json' as const,
  data: {
    sensor: 'nodes',
    kind: 'tetragon' as const,
    cluster: 'eu1',
    heardAt: '2026-01-02T03:04:05.000Z',
    silentSince: '2026-01-02T03:04:05.000Z',
  },
});

describe('NotifyOfSensors', () => {
  it('sends that a sensor is silent and that it is back to the routed receivers, once each', async () => {
    const store = new Store(dataSource, 'test');
    const deliveries = new Deliveries(store);
    const channels = new Channels(routing, new Egress({ allow: [] }), 'https://t.example', 1);
    const alerts = new FiringAlerts(store);
    const quiet = new MuteState([], new SilenceLedger(store), alerts);
    const notifications = new Dispatcher(
      channels,
      deliveries,
      new AlertGroups(store),
      alerts,
      quiet,
      new NotificationLog(store),
      new AlertHistory(store),
    );
    const handler = new NotifyOfSensors(store, notifications);
    const missed = event(sensorSilenced);
    await handler.missed(missed);
    await handler.missed(missed);
    await handler.recovered(event(sensorRecovered));
    const { items } = await deliveries.list({ limit: 10 });
    expect(items.map(({ receiver, groupLabels }) => [receiver, groupLabels])).toEqual([
      ['platform', { sensor: 'nodes' }],
      ['platform', { sensor: 'nodes' }],
    ]);
  });
});
