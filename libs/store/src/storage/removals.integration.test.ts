import { setTimeout as sleep } from 'node:timers/promises';

import { Secret } from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { connect } from '../core/data-source.js';
import { Store } from '../core/store.js';
import { lockReferences } from '../images/reference-lock.js';
import { ClusterRemoval } from './cluster-removal.js';
import { type Removals, removalsIn, type RemovalTarget } from './removals.js';
import { RepositoryRemoval } from './repository-removal.js';

const shop: RemovalTarget = { kind: 'repository', connection: 'main', name: 'shop/app' };

describe('Removals', () => {
  let servers: ThrowAwayServers<{ postgres: true }>;
  let dataSource: DataSource;
  let store: Store;
  let removals: Removals;

  beforeAll(async () => {
    servers = await throwAwayServers({ postgres: true });
  });

  beforeEach(async () => {
    dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 6, name: 'test' });
    store = new Store(dataSource, 'test');
    removals = removalsIn(store);
  });

  afterEach(async () => dataSource.destroy());
  afterAll(async () => servers.stop());

  /** A push of an image that is named as its digest, and its tag. */
  async function push(
    image: string,
    { repository = 'shop/app', tag = 'latest', state = 'analyzed' } = {},
  ): Promise<string> {
    await store.query(
      `INSERT INTO image (digest, media_type, config_digest, platform, labels, analyzed_at) VALUES ($1, 'm', 'c', 'p', '{}', now()) ON CONFLICT DO NOTHING`,
      [image],
    );
    const [row] = await store.query<{ id: string }>(
      `INSERT INTO push (id, connection, repository, tag, artifact, state, digest) VALUES (gen_random_uuid(), 'main', $1, $2, 'image', $3, $4) RETURNING id`,
      [repository, tag, state, image],
    );
    await store.query('INSERT INTO push_image (push_id, image_digest) VALUES ($1, $2)', [row!.id, image]);
    await store.query(
      `INSERT INTO tag_ledger (connection, repository, tag, digest, push_id, at, position)
       SELECT 'main', $1, $2, $3, $4, now(), count(*) FROM tag_ledger WHERE (repository, tag) = ($1, $2)`,
      [repository, tag, image, row!.id],
    );
    return row!.id;
  }

  async function runs(image: string, cluster = 'prod'): Promise<void> {
    await store.query(
      `INSERT INTO container_ledger (container_id, cluster, image_digest, claimed_digests, first_seen, last_seen) VALUES ($1, $2, $1, '{}', now(), now())`,
      [image, cluster],
    );
  }

  /** Batches until nothing is left to do now. */
  async function work(kind: RemovalTarget['kind'] = 'repository'): Promise<void> {
    const removal = kind === 'repository' ? new RepositoryRemoval(store) : new ClusterRemoval(store);
    while (await removal.step());
  }

  const images = async () =>
    (await store.query<{ digest: string }>('SELECT digest FROM image ORDER BY 1')).map(({ digest }) => digest);
  const pushCount = async () =>
    (await store.query<{ count: number }>('SELECT count(*)::int AS count FROM push'))[0]!.count;
  const only = async () => (await removals.list())[0]!;

  it('deletes the pushes, tags and images of a repository as its preview counts, and no others', async () => {
    for (const image of ['a', 'b', 'shared']) await push(image);
    await push('shared', { repository: 'pay/app' });
    await push('other', { repository: 'pay/app' });
    await store.query(
      `INSERT INTO registry_tag (connection, repository, tag, digest) VALUES ('main', 'shop/app', 'latest', 'b')`,
    );
    expect(await removals.preview(shop)).toEqual({
      deleted: { pushes: 3, tags: 1, images: 2 },
      kept: { 'pushes in use': 0, 'images of other repositories': 1 },
    });
    await removals.request(shop);
    expect(await only()).toMatchObject({ state: 'waiting', deleted: {} });
    await work();
    expect(await only()).toMatchObject({
      state: 'done',
      deleted: { pushes: 3, images: 2 },
      finishedAt: expect.any(Date),
    });
    expect(await images()).toEqual(['other', 'shared']);
    expect(await store.query('SELECT repository FROM tag_ledger')).toEqual([
      { repository: 'pay/app' },
      { repository: 'pay/app' },
    ]);
    expect(await store.query('SELECT FROM registry_tag')).toEqual([]);
  });

  it('keeps what runs or is part of an open incident until it no longer is', async () => {
    await push('runs');
    await push('incident');
    await push('free');
    await runs('runs');
    await store.query(
      `INSERT INTO incident (id, story_id, title, severity, state, count, image_digest, first_seen, last_seen, opened_by, evidence)
       VALUES (gen_random_uuid(), gen_random_uuid(), 't', 'high', 'open', 1, 'incident', '', '', '', '[]')`,
    );
    await removals.request(shop);
    await work();
    expect(await images()).toEqual(['incident', 'runs']);
    expect(await only()).toMatchObject({
      state: 'waiting',
      deleted: { pushes: 1, images: 1 },
      kept: { 'pushes in use': 2 },
    });
    await store.query('DELETE FROM container_ledger');
    await store.query(`UPDATE incident SET state = 'resolved'`);
    await store.query('UPDATE removal SET next_at = now()');
    await work();
    expect(await images()).toEqual([]);
    expect(await only()).toMatchObject({ state: 'done', kept: {} });
  });

  it('lets a push in analysis end first, and keeps a push that arrives during the deletion', async () => {
    const analyzing = await push('analyzing', { state: 'analyzing' });
    await push('old', { tag: '1' });
    await removals.request(shop);
    await push('new', { tag: '1' });
    await push('old', { tag: '2' });
    await work();
    expect(await images()).toEqual(['analyzing', 'new', 'old']);
    expect(await only()).toMatchObject({ state: 'waiting', kept: { 'pushes in analysis': 1 } });
    await store.query(`UPDATE push SET state = 'analyzed' WHERE id = $1`, [analyzing]);
    await store.query('UPDATE removal SET next_at = now()');
    await work();
    expect(await only()).toMatchObject({ state: 'done', deleted: { pushes: 2, images: 1 } });
    expect(await images()).toEqual(['new', 'old']);
    expect(await pushCount()).toBe(2);
  });

  it('deletes no image that a push of another repository refers to meanwhile', async () => {
    await push('image');
    await removals.request(shop);
    // The pushes go first: the image is a candidate then.
    await new RepositoryRemoval(store).step();
    const commit = Promise.withResolvers<void>();
    const referred = store.transaction(async (tx) => {
      await lockReferences(tx, 'shared');
      await tx.query(
        `INSERT INTO push (id, connection, repository, tag, artifact, state, digest) VALUES ('00000000-0000-0000-0000-000000000001', 'main', 'pay/app', '1', 'image', 'analyzing', 'image')`,
      );
      await tx.query(
        `INSERT INTO push_image (push_id, image_digest) VALUES ('00000000-0000-0000-0000-000000000001', 'image')`,
      );
      await commit.promise;
    });
    while ((await store.query('SELECT FROM pg_locks WHERE locktype = $1 AND granted', ['advisory'])).length === 0)
      await sleep(10);
    const worked = work();
    // The removal waits for the transaction that adds the reference.
    while ((await store.query('SELECT FROM pg_locks WHERE locktype = $1 AND NOT granted', ['advisory'])).length === 0)
      await sleep(10);
    commit.resolve();
    await Promise.all([referred, worked]);
    expect(await images()).toEqual(['image']);
    expect(await only()).toMatchObject({ state: 'done', deleted: { pushes: 1, images: 0 } });
  });

  it('goes on after a process that died in a batch, and shares the work of several', async () => {
    for (let number = 0; number < 120; number += 1) await push(`image ${number}`, { tag: `${number}` });
    await removals.request(shop);
    await new RepositoryRemoval(store).step();
    expect(await pushCount()).toBe(70);
    // The connection of the process breaks, which rolls its batch back.
    const died = store.transaction(async (tx) => {
      await tx.query('SELECT id FROM removal FOR UPDATE');
      await tx.query('DELETE FROM tag_ledger WHERE id IN (SELECT id FROM tag_ledger LIMIT 10)');
      expect(await new RepositoryRemoval(store).step()).toBe(false);
      throw new Error('killed');
    });
    await expect(died).rejects.toThrow('killed');
    await Promise.all([work(), work()]);
    expect([await pushCount(), await images()]).toEqual([0, []]);
    expect(await only()).toMatchObject({ state: 'done', deleted: { pushes: 120, images: 120 } });
  });

  it('deletes what ran in a cluster and its ended incidents, and nothing of another one', async () => {
    await runs('x');
    await runs('y', 'stage');
    const incident = `INSERT INTO incident (id, story_id, title, severity, state, count, cluster, first_seen, last_seen, opened_by, evidence)
       VALUES (gen_random_uuid(), gen_random_uuid(), 't', 'high', $1, 1, $2, '', '', '', '[]')`;
    for (const [state, cluster] of [
      ['open', 'prod'],
      ['resolved', 'prod'],
      ['resolved', 'stage'],
    ]) {
      await store.query(incident, [state, cluster]);
    }
    await store.query(
      `INSERT INTO workload (cluster, namespace, kind, name, namespace_labels, replicas, probes, seen_at) SELECT name, 'n', 'k', 'w', '{}', 1, '{}', now()
       FROM unnest(ARRAY['prod', 'stage']) AS name`,
    );
    const prod: RemovalTarget = { kind: 'cluster', name: 'prod' };
    expect(await removals.preview(prod)).toEqual({
      deleted: { containers: 1, workloads: 1, objects: 0, findings: 0, alerts: 0, incidents: 1 },
      kept: { 'open incidents': 1 },
    });
    await removals.request(prod);
    await work('repository');
    expect(await only()).toMatchObject({ state: 'waiting' });
    await work('cluster');
    expect(await only()).toMatchObject({ state: 'done', deleted: { containers: 1, workloads: 1, incidents: 1 } });
    expect(await store.query('SELECT cluster FROM container_ledger')).toEqual([{ cluster: 'stage' }]);
    expect(await store.query('SELECT state, cluster FROM incident ORDER BY 1, 2')).toEqual([
      { state: 'open', cluster: 'prod' },
      { state: 'resolved', cluster: 'stage' },
    ]);
  });

  it('refuses what there is no data of', async () => {
    await expect(removals.request({ kind: 'cluster', name: 'none' })).rejects.toMatchObject({ code: 'REMOVAL_EMPTY' });
  });
});
