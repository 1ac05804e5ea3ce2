import { hash } from 'node:crypto';

import { type Digest, Secret } from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { connect } from '../../core/data-source.js';
import { Store } from '../../core/store.js';
import { ExposureTrends } from './exposure-trends.js';
import { FixTimes } from './fix-times.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;

const now = new Date('2026-11-30T12:00:00Z');
const place = { connection: 'main', repository: 'shop/cart' };
const digestOf = (name: string): Digest => `sha256:${hash('sha256', name, 'hex')}`;

/** A package version that has some vulnerabilities. */
async function addPackage(name: string, ids: readonly string[], isFixed: boolean): Promise<string> {
  const [row] = await store.query<{ id: string }>(
    `INSERT INTO package (purl, type, name, version, source_name, source_version, licenses)
     VALUES ($1, 'deb', $1, '1', $1, '1', '{}') RETURNING id`,
    [name],
  );
  await store.query(
    `INSERT INTO package_vulnerability (package_id, vulnerability_id, kind, severity, fix_state, is_certain, advisory_id, evaluation)
     SELECT $1, id, 'vulnerability', 'high', $3, true, id, 1 FROM unnest($2::text[]) AS id`,
    [row!.id, ids, isFixed ? 'fixed' : 'not-fixed'],
  );
  return row!.id;
}

async function addAdvisory(id: string, published: string): Promise<void> {
  await store.query(
    `INSERT INTO advisory (id, vulnerability_id, aliases, title, severity, modified, published, change)
     VALUES ($1, $1, '{}', $1, 'high', now(), $2, nextval('advisory_change_seq'))`,
    [id, published],
  );
}

async function addImage(name: string, packages: readonly string[]): Promise<void> {
  await store.query(
    `INSERT INTO image (digest, media_type, config_digest, platform, labels, analyzed_at) VALUES ($1, 'm', 'c', 'linux/amd64', '{}', now())`,
    [digestOf(name)],
  );
  await store.query(
    `INSERT INTO image_package (image_digest, package_id, layer, state, found_in) SELECT $1, unnest($2::bigint[]), 0, 'present', 'status'`,
    [digestOf(name), packages],
  );
}

/** Points a tag to an image, or deletes it. */
async function tag(name: string, image: string | null, at: string): Promise<void> {
  const [row] = await store.query<{ id: string }>(
    `INSERT INTO push (id, connection, repository, tag, artifact, state, digest, received_at)
     VALUES (gen_random_uuid(), 'main', 'shop/cart', $1, 'image', 'analyzed', $2, $3) RETURNING id`,
    [name, image && digestOf(image), at],
  );
  if (image !== null)
    await store.query('INSERT INTO push_image (push_id, image_digest) VALUES ($1, $2)', [row!.id, digestOf(image)]);
  await store.query(
    `INSERT INTO tag_ledger (connection, repository, tag, digest, push_id, at, position)
     SELECT 'main', 'shop/cart', $1, $2, $3, $4, 1 + count(*) FROM tag_ledger WHERE tag = $1`,
    [name, image && digestOf(image), row!.id, at],
  );
}

async function ran(workload: string, image: string, from: string, to: string | null): Promise<void> {
  await store.query(
    `INSERT INTO container_ledger (container_id, cluster, namespace, workload_kind, workload, image_digest, claimed_digests, started_at, ended_at, first_seen, last_seen)
     VALUES (gen_random_uuid(), 'eu1', 'shop', 'Deployment', $1, $2, '{}', $3, $4, $3, coalesce($4, now()))`,
    [workload, digestOf(image), from, to],
  );
}

const exposed = async (id: string) =>
  (await new ExposureTrends(store).of(id, 5, now)).map((each) =>
    [each.day.slice(8), each.fixable, each.unfixable, each.workloads].join(' '),
  );

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 2, name: 'test' });
  store = new Store(dataSource, 'test');
  await addAdvisory('CVE-1', '2020-01-01');
  await addAdvisory('CVE-2', '2026-11-28T12:00:00Z');
  const fixable = await addPackage('openssl', ['CVE-1', 'CVE-2'], true);
  const unfixable = await addPackage('zlib', ['CVE-1'], false);
  await addImage('old', [fixable]);
  await addImage('both', [fixable, unfixable]);
  await addImage('clean', []);
  await tag('1', 'old', '2026-11-01T00:00:00Z');
  // The second tag of an image does not count it twice, and keeps it for another day.
  await tag('1.0', 'old', '2026-11-02T00:00:00Z');
  await tag('1', 'clean', '2026-11-27T10:00:00Z');
  await tag('1.0', null, '2026-11-29T10:00:00Z');
  await tag('2', 'both', '2026-11-28T10:00:00Z');
});

afterAll(async () => {
  await dataSource.destroy();
  await servers.stop();
});

describe('ExposureTrends', () => {
  it('counts images under tags by whether all of their packages have a fix', async () => {
    expect(await exposed('CVE-1')).toEqual(['26 1 0 ', '27 1 0 ', '28 1 1 ', '29 0 1 ', '30 0 1 ']);
    expect(await exposed('CVE-unknown')).toEqual(['26 0 0 ', '27 0 0 ', '28 0 0 ', '29 0 0 ', '30 0 0 ']);
  });

  it('counts nothing before a vulnerability was published', async () => {
    expect(await exposed('CVE-2')).toEqual(['26 0 0 ', '27 0 0 ', '28 2 0 ', '29 1 0 ', '30 1 0 ']);
  });

  it('counts a workload once, until a day after its last container', async () => {
    await ran('web', 'old', '2026-11-10T00:00:00Z', '2026-11-27T00:00:00Z');
    await ran('web', 'old', '2026-11-20T00:00:00Z', '2026-11-26T00:00:00Z');
    await ran('job', 'both', '2026-11-29T01:00:00Z', null);
    expect(await exposed('CVE-1')).toEqual(['26 1 0 1', '27 1 0 1', '28 1 1 0', '29 0 1 1', '30 0 1 1']);
  });
});

describe('FixTimes', () => {
  const since = new Date('2026-11-20T00:00:00Z');

  it('measures from the first tag with a vulnerability to the end of the last, and the age of open ones', async () => {
    const [high, ...others] = await new FixTimes(store).ofRepository(place, since, now);
    expect(others).toEqual([]);
    // The image of tag 2 still has both: CVE-1 since November 1, CVE-2 since its publication.
    expect(high).toMatchObject({ severity: 'high', fixed: 0, fixedDays: null, open: 2, openDays: (29.5 + 2) / 2 });
    await tag('2', 'clean', '2026-11-30T00:00:00Z');
    expect(await new FixTimes(store).ofRepository(place, since, now)).toEqual([
      { severity: 'high', fixed: 2, fixedDays: (29 + 1.5) / 2, open: 0, openDays: null },
    ]);
    // An earlier end does not count.
    expect(await new FixTimes(store).ofRepository(place, now, now)).toEqual([]);
    expect(await new FixTimes(store).ofRepository({ ...place, repository: 'other' }, since, now)).toEqual([]);
  });

  it('measures the fleet by the last image that has a vulnerability', async () => {
    const put = async (id: string, first: string, gone: string | null) =>
      store.query(
        `INSERT INTO fleet_vulnerability (id, kind, title, severity, aliases, kev, fixable, certain, packages, ecosystems, images,
           repositories, namespaces, clusters, first_seen, gone_at, risk)
         VALUES ($1, 'vulnerability', $1, 'low', '{}', false, true, true, '{}', '{}', 0, '{}', '{}', '{}', $2, $3, 0)`,
        [id, first, gone],
      );
    await put('A', '2026-11-10T00:00:00Z', '2026-11-25T00:00:00Z');
    await put('B', '2026-11-10T00:00:00Z', '2026-11-15T00:00:00Z');
    await put('C', '2026-11-20T12:00:00Z', null);
    expect(await new FixTimes(store).ofFleet(since, now)).toEqual([
      { severity: 'low', fixed: 1, fixedDays: 15, open: 1, openDays: 10 },
    ]);
  });
});
