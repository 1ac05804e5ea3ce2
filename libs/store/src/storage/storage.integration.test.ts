import { Secret } from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { tableOf } from '../core/columns.js';
import { connect } from '../core/data-source.js';
import { entities } from '../core/entities.js';
import { defaultRetention } from '../core/retention.js';
import { Store } from '../core/store.js';
import { deleteExpired } from '../core/sweeper.js';
import { Storage, storageKinds } from './storage.js';

describe('Storage', () => {
  let servers: ThrowAwayServers<{ postgres: true }>;
  let dataSource: DataSource;
  let store: Store;
  let storage: Storage;

  beforeAll(async () => {
    servers = await throwAwayServers({ postgres: true });
    dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 2, name: 'test' });
    store = new Store(dataSource, 'test');
    storage = new Storage(store);
  });

  afterAll(async () => {
    await dataSource?.destroy();
    await servers.stop();
  });

  const tableNamed = async (name: string, settings = defaultRetention) =>
    (await storage.tables(settings)).find(({ table }) => table === name)!;

  it('has one kind for each table', () => {
    const listed = Object.values(storageKinds).flat().toSorted();
    expect(listed).toEqual(entities.map((entity) => tableOf(entity).name).toSorted());
  });

  it('counts what the next run deletes, and that is what it deletes', async () => {
    await store.query(
      `INSERT INTO dead_letter (id, stage, worker, subject, code, reason, attempts, created_at, redriven_at)
       SELECT gen_random_uuid(), 'job', 'w', 's', 'C', 'r', 1, now() - interval '90 days', now() - age
       FROM (VALUES (interval '31 days'), (interval '32 days'), (interval '29 days'), (NULL)) AS given (age)`,
    );
    const { due, rule, oldest, kind } = await tableNamed('dead_letter');
    expect({ due, kind, rule }).toEqual({
      due: 2,
      kind: 'events',
      rule: { days: 30, variable: 'TIDEWAITER_RETENTION_DEAD_LETTERS', text: '30 days after redriven_at' },
    });
    expect(Date.now() - oldest!.getTime()).toBeGreaterThan(31 * 86_400_000);
    await store.transaction((tx) => deleteExpired(tx, 'hourly', 'test'));
    expect((await tableNamed('dead_letter')).due).toBe(0);
    expect(await store.query('SELECT FROM dead_letter')).toHaveLength(2);
  });

  it('has no age for advisories, whose times are those of their sources', async () => {
    await store.query(
      `INSERT INTO advisory (id, vulnerability_id, aliases, title, severity, modified, change)
       VALUES ('A-1', 'A-1', '{}', '', 'low', '0001-01-01', 1)`,
    );
    expect(await tableNamed('advisory')).toMatchObject({ oldest: null });
  });

  it('has nothing due where a setting keeps for ever', async () => {
    expect(await tableNamed('delivery', { ...defaultRetention, messageDays: 0 })).toMatchObject({
      due: 0,
      rule: { days: 0, variable: 'TIDEWAITER_RETENTION_MESSAGES', text: 'kept for ever' },
    });
  });

  it('counts images and incidents by the conditions of their cleaners', async () => {
    await store.query(
      `INSERT INTO image (digest, media_type, config_digest, platform, labels, analyzed_at)
       SELECT name, 'm', 'c', 'p', '{}', now() - days * interval '1 day' FROM (VALUES ('old', 91), ('runs', 91), ('new', 89)) AS given (name, days)`,
    );
    await store.query(
      `INSERT INTO container_ledger (container_id, image_digest, claimed_digests, first_seen, last_seen) VALUES ('a', 'runs', '{}', now(), now())`,
    );
    expect((await tableNamed('image')).due).toBe(1);
    expect((await tableNamed('image', { ...defaultRetention, imageDays: 0 })).due).toBe(0);
    expect(await tableNamed('incident')).toMatchObject({
      due: 0,
      rule: { days: 365, variable: 'TIDEWAITER_RETENTION_INCIDENTS' },
    });
    expect(await tableNamed('image_package')).toMatchObject({ due: null, rule: { text: 'with its row in image' } });
    expect(await tableNamed('layer')).toMatchObject({ due: null, rule: { text: 'when nothing needs it any more' } });
  });

  it('has sizes with indexes', async () => {
    const { bytes, indexBytes } = await tableNamed('image');
    expect(bytes).toBeGreaterThan(indexBytes);
    expect(indexBytes).toBeGreaterThan(0);
  });
});
