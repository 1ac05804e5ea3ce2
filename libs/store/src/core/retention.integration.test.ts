import { Secret } from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import { type DataSource, getMetadataArgsStorage } from 'typeorm';

import { FileEntries } from '../entries/file-entries.js';
import { FleetExposure } from '../images/exposure/fleet-exposure.js';
import { ImageRetention } from '../images/image-retention.js';
import { Incidents } from '../incidents/incidents.js';
import { WorkloadFindings } from '../workloads/workload-findings.js';
import { connect } from './data-source.js';
import { entities } from './entities.js';
import { defaultRetention, retentionOf } from './retention.js';
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

  const companions = entities.flatMap((entity) => {
    const rule = retentionOf(entity);
    return typeof rule === 'object' && 'of' in rule ? [{ entity, rule }] : [];
  });

  it.each(companions.map(({ entity, rule }) => [entity.name, { entity, rule }] as const))(
    'names a row with which %s is really deleted, and which has a rule itself',
    async (_, { entity, rule }) => {
      const owner = rule.of();
      const relations = getMetadataArgsStorage().relations.filter(
        ({ target, type }) => target === entity && typeof type === 'function' && (type as () => unknown)() === owner,
      );
      const tableOf = (target: unknown) =>
        getMetadataArgsStorage().tables.find((table) => table.target === target)!.name!;
      const triggers = await store.query<{ text: string }>(
        `SELECT pg_get_functiondef(tgfoid) AS text FROM pg_trigger WHERE tgrelid = $1::regclass AND NOT tgisinternal`,
        [tableOf(owner)],
      );
      const isDeleted =
        rule.by === 'foreign key'
          ? relations.some(({ options }) => options.onDelete === 'CASCADE')
          : triggers.some(({ text }) => text.includes(`DELETE FROM ${tableOf(entity)}`));
      expect({ isDeleted, rule: typeof retentionOf(owner) }).toEqual({ isDeleted: true, rule: expect.anything() });
    },
  );

  it('names methods that exist for what no rule describes', () => {
    const classes = { FileEntries, FleetExposure, ImageRetention, Incidents, WorkloadFindings };
    const methods = Object.entries(classes).flatMap(([name, { prototype }]) =>
      Object.getOwnPropertyNames(prototype).map((method) => `${name}.${method}`),
    );
    const cleaners = entities.flatMap((entity) => {
      const rule = retentionOf(entity);
      return typeof rule === 'object' && 'cleaner' in rule ? [rule.cleaner] : [];
    });
    expect(cleaners.length).toBeGreaterThan(0);
    expect(cleaners.filter((cleaner) => !methods.includes(cleaner))).toEqual([]);
  });

  it('deletes the reports about an image that is not known, and a document with its last report', async () => {
    await store.query(
      `INSERT INTO image (digest, media_type, config_digest, platform, labels) VALUES ('known', 'm', 'c', 'p', '{}')`,
    );
    await store.query(
      `INSERT INTO pipeline_document (digest, media_type, content) VALUES ('shared', 'm', ''), ('old', 'm', ''), ('new', 'm', '')`,
    );
    await store.query(
      `INSERT INTO pipeline_report (id, connection, report_key, image_digest, document_digest, kind, format, proven, received_at)
       SELECT gen_random_uuid(), 'c', image || document, image, document, 'sbom', 'f', '{}', now() - days * interval '1 day'
       FROM (VALUES ('known', 'shared', 100), ('unknown', 'shared', 100), ('unknown', 'old', 91), ('unknown', 'new', 89)) AS given (image, document, days)`,
    );
    await store.transaction((tx) => deleteExpired(tx, 'hourly', 'ingest'));
    expect(await store.query('SELECT report_key AS key FROM pipeline_report ORDER BY 1')).toEqual([
      { key: 'knownshared' },
      { key: 'unknownnew' },
    ]);
    expect(await store.query('SELECT digest FROM pipeline_document ORDER BY 1')).toEqual([
      { digest: 'new' },
      { digest: 'shared' },
    ]);
  });

  it('deletes incidents that have ended, with their revisions, unless an open one continues them', async () => {
    await store.query(
      `INSERT INTO incident (id, story_id, title, severity, state, count, first_seen, last_seen, opened_by, evidence, merged_into, updated_at, resolved_at)
       SELECT id::uuid, id::uuid, title, 'high', state, 1, '', '', '', '[]', target::uuid, now() - days * interval '1 day',
         CASE WHEN state = 'resolved' THEN now() - days * interval '1 day' END
       FROM (VALUES
         ('00000000-0000-0000-0000-000000000001', 'open', 'open', NULL, 400),
         ('00000000-0000-0000-0000-000000000002', 'old', 'resolved', NULL, 366),
         ('00000000-0000-0000-0000-000000000003', 'recent', 'resolved', NULL, 364),
         ('00000000-0000-0000-0000-000000000004', 'merged into open', 'merged', '00000000-0000-0000-0000-000000000001', 400),
         ('00000000-0000-0000-0000-000000000005', 'merged into old', 'merged', '00000000-0000-0000-0000-000000000002', 400)
       ) AS given (id, title, state, target, days)`,
    );
    await store.query(
      `INSERT INTO incident_revision (incident_id, revision, kind, severity, news) SELECT id, 1, 'opened', 'high', '{}' FROM incident`,
    );
    expect(await new Incidents(store).deleteEnded(365)).toBe(2);
    const titles = ['merged into open', 'open', 'recent'].map((title) => ({ title }));
    expect(await store.query('SELECT title FROM incident ORDER BY title')).toEqual(titles);
    expect(await store.query('SELECT count(*)::int AS count FROM incident_revision')).toEqual([{ count: 3 }]);
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
    const forEver = { ...defaultRetention, messageDays: 0 };
    await store.transaction((tx) => deleteExpired(tx, 'hourly', 'test', forEver));
    expect(await store.query('SELECT FROM delivery')).toHaveLength(4);
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
