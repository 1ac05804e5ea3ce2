import { Secret } from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import { connect } from '../core/data-source.js';
import { Store } from '../core/store.js';
import { ChannelHealths } from './channel-healths.js';
import { Deliveries } from './deliveries.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;
let deliveries: Deliveries;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 4, name: 'test' });
  store = new Store(dataSource, 'test');
  deliveries = new Deliveries(store);
});

afterAll(async () => {
  await dataSource.destroy();
  await servers.stop();
});

type Ending = 'sent' | 'failed' | 'retrying' | 'paused' | 'pending' | 'held';

async function delivered(receiver: string, ending: Ending): Promise<void> {
  const place = { channel: 'webhook', integration: 0, route: 'route', groupKey: '{}', groupLabels: {} };
  const content = { alerts: [], message: {}, edition: null };
  const added = await store.transaction((tx) =>
    deliveries.add(tx, [{ eventId: uuidv7(), cause: ['push', uuidv7()], receiver, ...place, ...content }]),
  );
  const id = added[0]!;
  if (ending === 'pending') return;
  if (ending === 'held') return void (await store.query(`UPDATE delivery SET state = 'held' WHERE id = $1`, [id]));
  await deliveries.begin(id, 1);
  const failure = { attempt: 1, code: 'DOWN', reason: 'no answer', inMs: 60_000, wasTried: true };
  const rest = { ...failure, attempt: 0, code: 'CHANNEL_CIRCUIT_OPEN', reason: 'left alone', wasTried: false };
  if (ending === 'retrying') await deliveries.retrying(id, failure);
  else if (ending === 'paused') await deliveries.retrying(id, rest);
  else if (ending === 'sent')
    await store.transaction((tx) => deliveries.sent(tx, [{ id, reference: null, note: null }]));
  else await store.transaction((tx) => deliveries.failed(tx, id, 1, 'GONE', 'no such channel'));
}

describe('ChannelHealths', () => {
  it.each<[string, Ending[], object]>([
    [
      'one that works',
      ['failed', 'sent', 'pending'],
      { state: 'healthy', since: null, sent: 1, failed: 1, waiting: 1 },
    ],
    [
      'one that fails now',
      ['sent', 'retrying'],
      {
        state: 'failing',
        waiting: 1,
        lastFailure: {
          code: 'DOWN',
          reason: 'no answer',
          at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/),
        },
      },
    ],
    [
      'one that is left alone',
      ['retrying', 'paused'],
      { state: 'paused', lastFailure: expect.objectContaining({ code: 'DOWN' }) },
    ],
    [
      'one whose messages wait on purpose',
      ['sent', 'held', 'held'],
      { state: 'healthy', waiting: 0, waitingSince: null, held: 2 },
    ],
    [
      'one that takes no message any more',
      ['sent', 'failed'],
      { state: 'broken', waiting: 0, waitingSince: null, lastFailure: expect.objectContaining({ code: 'GONE' }) },
    ],
  ])('reports %s', async (receiver, endings, expected) => {
    for (const ending of endings) await delivered(receiver, ending);
    const health = (await new ChannelHealths(store).list()).find((each) => each.receiver === receiver);
    expect(health).toMatchObject(expected);
    const hasEnded = endings.includes('sent');
    expect(health).toMatchObject({
      lastSentAt: hasEnded ? expect.any(Date) : null,
      p95Seconds: hasEnded ? expect.any(Number) : null,
    });
    if (health!.state !== 'healthy') expect(health!.since).toEqual(expect.any(Date));
  });
});
