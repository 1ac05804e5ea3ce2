import { Secret } from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { connect } from './data-source.js';
import { entities } from './entities.js';
import { retentionOf } from './retention.js';
import { Store } from './store.js';
import { deleteExpired } from './sweeper.js';

describe('retention', () => {
  let servers: ThrowAwayServers<{ postgres: true }>;
  let dataSource: DataSource;
  let store: Store;

  beforeAll(async () => {
    servers = await throwAwayServers({ postgres: true });
    dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 2, name: 'test' });
    store = new Store(dataSource, 'test');
  });

  afterAll(async () => {
    await dataSource?.destroy();
    await servers.stop();
  });

  it.each(entities.map((entity) => [entity.name, entity] as const))('is declared for %s', (_, entity) => {
    expect(retentionOf(entity)).toBeDefined();
  });

  it.each(['often', 'hourly'] as const)('has rules that PostgreSQL accepts: %s', async (pace) => {
    await expect(store.transaction((tx) => deleteExpired(tx, pace, 'test'))).resolves.toBe(false);
  });

  it('keeps a message while its alert fires, and deletes what has ended a year ago', async () => {
    await store.query(
      `INSERT INTO delivery (id, event_id, receiver, channel, integration, route, group_key, group_labels, alerts, message, state, created_at, finished_at)
       SELECT gen_random_uuid(), gen_random_uuid(), name, 'slack', 0, 'route', '{}', '{}', '[]', '{}',
         CASE WHEN name = 'waits' THEN 'retrying' ELSE 'sent' END, now() - age, CASE WHEN name <> 'waits' THEN now() - age END
       FROM (VALUES ('old', interval '366 days'), ('fires', interval '366 days'), ('waits', interval '366 days'), ('new', interval '364 days')) AS given (name, age)`,
    );
    await store.query(`INSERT INTO alert_group (key, notified_at, remind_at) VALUES ('g', now(), now())`);
    await store.query(
      `INSERT INTO alert (identity_hash, labels, status, starts_at, changed_at) VALUES ('x', '{}', 'firing', now(), now())`,
    );
    await store.query(
      `INSERT INTO notified_alert (group_key, identity_hash, alert, delivery_id) SELECT 'g', 'x', '{}', id FROM delivery WHERE receiver = 'fires'`,
    );
    await store.transaction((tx) => deleteExpired(tx, 'hourly', 'test'));
    expect(await store.query('SELECT receiver FROM delivery ORDER BY receiver')).toEqual(
      ['fires', 'new', 'waits'].map((receiver) => ({ receiver })),
    );
  });

  it('keeps a dead letter until it was redriven a month ago', async () => {
    await store.query(
      `INSERT INTO dead_letter (id, stage, worker, subject, code, reason, attempts, created_at, redriven_at)
       SELECT gen_random_uuid(), 'job', name, 's', 'C', 'r', 1, now() - interval '90 days', now() - age
       FROM (VALUES ('old', interval '31 days'), ('new', interval '29 days'), ('open', NULL)) AS given (name, age)`,
    );
    await store.transaction((tx) => deleteExpired(tx, 'hourly', 'test'));
    expect(await store.query('SELECT worker FROM dead_letter ORDER BY worker')).toEqual(
      ['new', 'open'].map((worker) => ({ worker })),
    );
  });

  it('deletes a thousand rows a transaction, and no row that has not expired', async () => {
    await store.query(
      `INSERT INTO received (connection, delivery_key, received_at)
       SELECT 'c', n::text, now() - CASE WHEN n <= 1500 THEN interval '9 days' ELSE interval '7 days' END
       FROM generate_series(1, 1600) AS n`,
    );
    const count = async () =>
      (await store.query<{ count: number }>('SELECT count(*)::int AS count FROM received'))[0]!.count;
    expect(await store.transaction((tx) => deleteExpired(tx, 'often', 'test'))).toBe(true);
    expect(await count()).toBe(600);
    expect(await store.transaction((tx) => deleteExpired(tx, 'often', 'test'))).toBe(false);
    expect(await count()).toBe(100);
  });
});
