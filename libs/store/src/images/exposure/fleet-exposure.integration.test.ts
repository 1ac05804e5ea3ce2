import { hash } from 'node:crypto';

import { type Digest, type PackageType, Secret, type Severity, severities } from '@tidewaiter/domain';
import {
  imageFields,
  parseQuery,
  pushFields,
  repositoryFields,
  upgradeFields,
  vulnerabilityFields,
} from '@tidewaiter/query';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { connect } from '../../core/data-source.js';
import { Lists, OwnerRules } from '../../core/lists.js';
import { Store } from '../../core/store.js';
import { Findings } from '../findings.js';
import { imageList } from '../lists/image-list.js';
import { repositoryList } from '../lists/repository-list.js';
import { pushList } from '../pushes/push-list.js';
import { FleetExposure } from './fleet-exposure.js';
import { upgradeList } from './upgrade-list.js';
import { VulnerabilityDetails } from './vulnerability-details.js';
import { vulnerabilityList } from './vulnerability-list.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;
let lists: Lists;
let exposure: FleetExposure;

const digestOf = (name: string): Digest => `sha256:${hash('sha256', name, 'hex')}`;

async function addPackage(name: string, version: string, type: PackageType = 'deb', source = name): Promise<string> {
  const [row] = await store.query<{ id: string }>(
    `INSERT INTO package (purl, type, name, version, source_name, source_version, licenses, ecosystem, release)
     VALUES ($1, $2, $3, $4, $5, $4, '{}', $6, $7) RETURNING id`,
    [
      `pkg:${type}/${name}@${version}`,
      type,
      name,
      version,
      source,
      ...(type === 'deb' ? ['Debian', '12'] : [type, null]),
    ],
  );
  return row!.id;
}

async function addAdvisory(id: string, severity: Severity, aliases: string[] = []): Promise<void> {
  const vulnerabilityId = [id, ...aliases].find((each) => each.startsWith('CVE-')) ?? id;
  await store.query(
    `INSERT INTO advisory (id, vulnerability_id, aliases, title, severity, modified, published, change)
     VALUES ($1, $2, $3, $4, $5, now(), '2020-01-01', nextval('advisory_change_seq'))`,
    [id, vulnerabilityId, aliases, `hole ${id}`, severity],
  );
}

async function addMatch(packageId: string, advisoryId: string, fixVersion: string | null = null): Promise<void> {
  await store.query(
    `INSERT INTO package_match (package_id, advisory_id, state, fix_state, fix_version, vulnerability_ids)
     SELECT $1, id, 'affected', $3, $4, ARRAY[vulnerability_id] FROM advisory WHERE id = $2`,
    [packageId, advisoryId, fixVersion === null ? 'not-fixed' : 'fixed', fixVersion],
  );
}

async function addImage(
  digest: Digest,
  packageIds: readonly string[],
  shadowed: readonly string[] = [],
): Promise<void> {
  await store.query(
    `INSERT INTO image (digest, media_type, config_digest, platform, labels, analyzed_at) VALUES ($1, 'm', 'c', 'linux/amd64', '{}', now())`,
    [digest],
  );
  for (const [ids, state] of [
    [packageIds, 'present'],
    [shadowed, 'shadowed'],
  ] as const)
    await store.query(
      `INSERT INTO image_package (image_digest, package_id, layer, state, found_in)
       SELECT $1, unnest($2::bigint[]), 0, $3, 'var/lib/dpkg/status'`,
      [digest, ids, state],
    );
}

async function tag(repository: string, name: string, digest: Digest): Promise<void> {
  const [row] = await store.query<{ id: string }>(
    `INSERT INTO push (id, connection, repository, tag, artifact, state, registry_host, digest)
     VALUES (gen_random_uuid(), 'main', $1, $2, 'image', 'analyzed', 'registry.example.com', $3) RETURNING id`,
    [repository, name, digest],
  );
  await store.query('INSERT INTO push_image (push_id, image_digest) VALUES ($1, $2)', [row!.id, digest]);
  await store.query(
    `INSERT INTO tag_ledger (connection, repository, tag, digest, push_id, at, position)
     SELECT 'main', $1, $2, $3, $4, now(), 1 + count(*) FROM tag_ledger WHERE (repository, tag) = ($1, $2)`,
    [repository, name, digest, row!.id],
  );
}

async function run(digest: Digest, namespace: string, workload: string): Promise<void> {
  await store.query(
    `INSERT INTO container_ledger (container_id, cluster, namespace, workload_kind, workload, image_digest, claimed_digests, first_seen, last_seen)
     VALUES (gen_random_uuid(), 'eu1', $1, 'Deployment', $2, $3, '{}', now(), now())`,
    [namespace, workload, digest],
  );
}

const page = { isDescending: true, limit: 200, sort: 'risk' } as const;

async function found(text: string): Promise<string[]> {
  const where = parseQuery(text, vulnerabilityFields, new Date());
  const { items } = await store.unlimited(async () => lists.page(vulnerabilityList, { ...page, where }));
  expect((await store.unlimited(async () => lists.total(vulnerabilityList, where))).count).toBe(items.length);
  return items.map(({ id }) => id);
}

async function upgrades(text: string): Promise<string[]> {
  const where = parseQuery(text, upgradeFields, new Date());
  const { items } = await store.unlimited(async () => lists.page(upgradeList, { ...page, where }));
  return items.map(
    (each) => `${each.package} ${each.fromVersions.join()} → ${each.toVersion}: ${each.vulnerabilities.join()}`,
  );
}

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 2, name: 'test' });
  store = new Store(dataSource, 'test');
  const rules = [
    { namespace: 'shop', owner: 'team-nowhere' },
    { repository: 'shop/*', owner: 'team-shop' },
  ];
  lists = new Lists(store, new OwnerRules({ rules, labels: ['maintainer'] }));
  exposure = new FleetExposure(store);
});

afterAll(async () => {
  await dataSource.destroy();
  await servers.stop();
});

describe('FleetExposure', () => {
  const [web, old, untagged, job] = ['web', 'old', 'untagged', 'job'].map(digestOf) as [Digest, Digest, Digest, Digest];
  let libssl: string;

  beforeAll(async () => {
    libssl = await addPackage('libssl3', '3.0.11', 'deb', 'openssl');
    const openssl = await addPackage('openssl', '3.0.11');
    const lodash = await addPackage('lodash', '4.17.20', 'npm');
    const [gone, hidden] = [await addPackage('gone', '1'), await addPackage('hidden', '1')];
    await addAdvisory('CVE-2026-0001', 'high');
    await addAdvisory('CVE-2026-0002', 'critical');
    await addAdvisory('GHSA-aaaa-bbbb-cccc', 'medium', ['CVE-2026-0003']);
    await addAdvisory('CVE-2026-0004', 'critical');
    await addMatch(libssl, 'CVE-2026-0001', '3.0.12');
    await addMatch(openssl, 'CVE-2026-0001', '3.0.12');
    await addMatch(libssl, 'CVE-2026-0002', '3.0.14');
    await addMatch(openssl, 'CVE-2026-0002', '3.0.14');
    await addMatch(lodash, 'GHSA-aaaa-bbbb-cccc');
    await addMatch(gone, 'CVE-2026-0004');
    await addMatch(hidden, 'CVE-2026-0004');
    await store.query(`INSERT INTO kev (cve, added_on) VALUES ('CVE-2026-0001', '2026-01-01')`);
    await store.query(`INSERT INTO epss (cve, score, percentile) VALUES ('CVE-2026-0003', 0.72, 0.99)`);
    await addImage(web, [libssl, openssl], [hidden]);
    await addImage(old, [gone]);
    await addImage(untagged, [libssl, lodash]);
    await addImage(job, [lodash]);
    await tag('shop/web', '1', old);
    await tag('shop/web', '1', web);
    await tag('shop/web', 'latest', web);
    await tag('pay/job', '1', job);
    await store.query(`UPDATE image SET labels = '{"maintainer": "team-pay"}' WHERE digest = ANY($1)`, [[web, job]]);
    await store.query(
      'UPDATE image SET newest_push_id = (SELECT max(push_id::text)::uuid FROM push_image WHERE image_digest = digest)',
    );
    await run(untagged, 'shop', 'legacy');
    await run(untagged, 'shop', 'legacy');
    expect(await exposure.refresh()).toBe('counted');
  });

  it('counts present packages of images that a tag points to or that run', async () => {
    const where = parseQuery('', vulnerabilityFields, new Date());
    const { items } = await store.unlimited(async () => lists.page(vulnerabilityList, { ...page, where }));
    expect(items).toMatchObject([
      {
        ...{ id: 'CVE-2026-0001', severity: 'high', kev: true, fixable: true, packages: ['libssl3', 'openssl'] },
        ...{ images: 2, runningImages: 1, workloads: 1, repositories: ['shop/web'], namespaces: ['shop'] },
        ...{ clusters: ['eu1'], ecosystems: ['Debian:12'], goneAt: null },
      },
      {
        ...{ id: 'CVE-2026-0003', aliases: ['GHSA-aaaa-bbbb-cccc'], severity: 'medium', epss: 0.72, fixable: false },
        ...{ images: 2, runningImages: 1, workloads: 1, repositories: ['pay/job'] },
      },
      { id: 'CVE-2026-0002', severity: 'critical', kev: false, images: 2, runningImages: 1 },
    ]);
  });

  it.each([
    ['severity>=high', 'CVE-2026-0001 CVE-2026-0002'],
    ['kev fixable running', 'CVE-2026-0001'],
    ['epss>0.5', 'CVE-2026-0003'],
    ['package="openssl<3.0.14"', 'CVE-2026-0001 CVE-2026-0002'],
    ['package=libssl*', 'CVE-2026-0001 CVE-2026-0002'],
    ['package="openssl<3"', ''],
    ['image=pay/*', 'CVE-2026-0003'],
    ['image=shop/web:1', 'CVE-2026-0001 CVE-2026-0002'],
    ['image=shop/*:latest', 'CVE-2026-0001 CVE-2026-0002'],
    [`image=${digestOf('job')}`, 'CVE-2026-0003'],
    ['owner=team-shop', 'CVE-2026-0001 CVE-2026-0002'],
    ['owner=team-nowhere', ''],
    ['owner=*-pay', 'CVE-2026-0003'],
    ['ecosystem=npm', 'CVE-2026-0003'],
    ['id=GHSA-aaaa-bbbb-cccc', 'CVE-2026-0003'],
    ['repository=shop/web -kev', 'CVE-2026-0002'],
    ['lodash', 'CVE-2026-0003'],
    ['gone', ''],
    [
      'published<2021-01-01 images>1 namespace=shop cluster=eu1 workloads>=1 certain',
      'CVE-2026-0001 CVE-2026-0003 CVE-2026-0002',
    ],
  ])('finds the vulnerabilities of %j', async (text, ids) => {
    expect((await found(text)).join(' ')).toBe(ids);
  });

  it.each([
    ['owner=team-shop', 'openssl'],
    ['owner=team-pay', ''],
    ['image=shop/*', 'openssl'],
    ['image=shop/web:1', 'openssl'],
    ['image=pay/job:1', ''],
    ['severity>=high running kev fixable owner=team-shop package="openssl<3.0.14" image=shop/*', 'openssl'],
  ])('finds the upgrades of %j', async (text, packages) => {
    expect((await upgrades(text)).map((each) => each.split(' ')[0]).join(' ')).toBe(packages);
  });

  it.each([
    ['owner=team-shop', { images: 2, pushes: 3, repositories: 1 }],
    ['owner=team-pay', { images: 1, pushes: 1, repositories: 1 }],
    ['not owner=team-*', { images: 0, pushes: 0, repositories: 0 }],
  ])('finds images, pushes and repositories of %j', async (text, counts) => {
    const count = async (total: Promise<{ count: number }>) => (await total).count;
    await store.unlimited(async () => {
      const now = new Date();
      expect({
        images: await count(lists.total(imageList, parseQuery(text, imageFields, now))),
        pushes: await count(lists.total(pushList, parseQuery(text, pushFields, now))),
        repositories: await count(lists.total(repositoryList, parseQuery(text, repositoryFields, now))),
      }).toEqual(counts);
    });
  });

  it.each([
    ['package=libssl3', 2],
    ['package="libssl3<3"', 0],
    ['package=lodash', 1],
  ])('finds pushes by %j', async (text, count) => {
    const where = parseQuery(text, pushFields, new Date());
    expect((await store.unlimited(async () => lists.total(pushList, where))).count).toBe(count);
  });

  it.each([
    ['kev', [web]],
    ['epss>0.5', [job]],
    ['epss>0.8', []],
    ['fixable', [web]],
  ])('finds images by vulnerabilities of their packages: %s', async (text, digests) => {
    const where = parseQuery(text, imageFields, new Date());
    const { items } = await store.unlimited(async () =>
      lists.page(imageList, { where, sort: 'pushed', isDescending: true, limit: 10 }),
    );
    expect(items.map(({ digest }) => digest)).toEqual(digests);
  });

  it('reads every field and pages by every order of its lists', async () => {
    const values = { text: 'a', match: 'a', number: '1', time: '1d', flag: 'true' };
    for (const [name, field] of Object.entries(vulnerabilityFields))
      expect(await found(`${name}=${'values' in field ? field.values[0] : values[field.type]}`)).toBeInstanceOf(Array);
    for (const [name, field] of Object.entries(upgradeFields))
      expect(await upgrades(`${name}=${'values' in field ? field.values[0] : values[field.type]}`)).toBeInstanceOf(
        Array,
      );
    const where = { kind: 'all', of: [] } as const;
    for (const sort of Object.keys(vulnerabilityList.sorts) as (keyof typeof vulnerabilityList.sorts)[]) {
      const first = await store.unlimited(async () =>
        lists.page(vulnerabilityList, { where, sort, isDescending: true, limit: 2 }),
      );
      const rest = await store.unlimited(async () =>
        lists.page(vulnerabilityList, {
          where,
          sort,
          isDescending: true,
          limit: 2,
          after: first.next!,
        }),
      );
      expect(new Set([...first.items, ...rest.items].map(({ id }) => id)).size).toBe(3);
    }
    for (const sort of Object.keys(upgradeList.sorts) as (keyof typeof upgradeList.sorts)[])
      expect(
        (await store.unlimited(async () => lists.page(upgradeList, { where, sort, isDescending: false, limit: 2 })))
          .items,
      ).toHaveLength(1);
  });

  it('groups fixes by the upgrade of a source package that closes all of them', async () => {
    const upgrade = 'openssl 3.0.11 → 3.0.14: CVE-2026-0001,CVE-2026-0002';
    expect(await upgrades('kev')).toEqual(expect.arrayContaining([upgrade]));
    expect(await upgrades('package="libssl3<3.0.14" repository=x or package=openssl')).toEqual(
      expect.arrayContaining([upgrade]),
    );
  });

  it('shows a vulnerability by an alias, with its advisories and packages', async () => {
    const details = new VulnerabilityDetails(store);
    const found = await details.named('ghsa-aaaa-bbbb-cccc');
    expect(await details.of(found!)).toMatchObject({
      id: 'CVE-2026-0003',
      epssPercentile: 0.99,
      advisories: [{ id: 'GHSA-aaaa-bbbb-cccc', severity: 'medium' }],
      packageVersions: [{ name: 'lodash', version: '4.17.20', fix: { state: 'not-fixed' }, images: 2 }],
    });
    expect(await details.named('CVE-2026-0004')).toBeNull();
  });

  it('does nothing while nothing changed, or while another process counts', async () => {
    expect(await exposure.refresh()).toBe('current');
    await store.query(`UPDATE fleet_refresh SET claimed_until = now() + interval '1 minute'`);
    expect(await exposure.refresh()).toBe('busy');
    await store.query(`UPDATE fleet_refresh SET claimed_until = now() - interval '1 second'`);
    expect(await exposure.refresh(Date.now() + 3_700_000)).toBe('counted');
    expect(await exposure.refreshedAt()).toBeInstanceOf(Date);
  });

  it('follows a moved tag, a new match, a rating, and a withdrawn advisory', async () => {
    const [before] = await store.query(`SELECT first_seen FROM fleet_vulnerability WHERE id = 'CVE-2026-0001'`);
    await tag('shop/web', '2', old);
    expect(await exposure.refresh()).toBe('counted');
    expect(await found('image=shop/web:2')).toEqual(['CVE-2026-0004']);
    await addAdvisory('CVE-2026-0005', 'unknown');
    await addMatch(libssl, 'CVE-2026-0005', '3.0.15');
    expect(await exposure.refresh()).toBe('counted');
    expect(await upgrades('to=3.0.15')).toHaveLength(1);
    expect(await found('id=CVE-2026-0005 severity=unknown')).toHaveLength(1);
    await addAdvisory('GHSA-dddd-eeee-ffff', 'low', ['CVE-2026-0005']);
    expect(await exposure.refresh()).toBe('counted');
    expect(await found('id=CVE-2026-0005 severity=low')).toHaveLength(1);
    await store.query(`UPDATE advisory SET withdrawn = now() WHERE id IN ('CVE-2026-0001')`);
    expect(await exposure.refresh()).toBe('counted');
    expect(await found('gone')).toEqual(['CVE-2026-0001']);
    await store.query(`UPDATE advisory SET withdrawn = NULL WHERE id IN ('CVE-2026-0001')`);
    expect(await exposure.refresh()).toBe('counted');
    expect(await found('gone')).toEqual([]);
    expect(await store.query(`SELECT first_seen FROM fleet_vulnerability WHERE id = 'CVE-2026-0001'`)).toEqual([
      before,
    ]);
  });

  it('counts an image that runs by the digest of its index', async () => {
    const [index, child] = [digestOf('index'), digestOf('child')];
    const zlib = await addPackage('zlib1g', '1.2');
    await addAdvisory('CVE-2026-0006', 'medium');
    await addMatch(zlib, 'CVE-2026-0006');
    await addImage(child, [zlib]);
    await tag('shop/index', '1', child);
    await store.query('UPDATE push SET digest = $1 WHERE digest = $2', [index, child]);
    await tag('shop/index', '1', old);
    await run(index, 'shop', 'multi');
    await exposure.refresh();
    expect(await found('id=CVE-2026-0006 running images=1 workloads=1')).toEqual(['CVE-2026-0006']);
  });

  it('is made again from what it follows from', async () => {
    const rows = async () => store.query('SELECT * FROM fleet_vulnerability ORDER BY id');
    const whole = await rows();
    await store.query('DELETE FROM fleet_refresh');
    await store.query('DELETE FROM package_vulnerability');
    await store.query(`DELETE FROM fleet_vulnerability WHERE id <> 'CVE-2026-0001'`);
    await exposure.refresh();
    expect(await rows()).toEqual(whole);
  });
});

describe('FleetExposure of a random fleet', () => {
  it('has the vulnerabilities and severities that the findings of its images have', async () => {
    // The findings of an image do not know by which index it runs.
    await store.query(`DELETE FROM container_ledger WHERE workload = 'multi'`);
    let seed = 7;
    const next = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
    const packages = [];
    for (let index = 0; index < 12; index += 1) packages.push(await addPackage(`random-${index}`, `1.${index}`));
    for (let index = 0; index < 20; index += 1) {
      const id = index % 3 === 0 ? `GHSA-rand-rand-r${index}xx`.slice(0, 19) : `CVE-2027-10${index}`;
      const severity = severities[next(severities.length)]!;
      await addAdvisory(id, severity, index % 4 === 3 ? [`CVE-2027-10${index - 1}`] : []);
      for (const each of new Set([next(12), next(12)]))
        await addMatch(packages[each]!, id, next(2) === 0 ? null : `2.${next(9)}`);
    }
    const digests = Array.from({ length: 10 }, (_, index) => digestOf(`random ${index}`));
    for (const [index, digest] of digests.entries()) {
      const own = packages.filter(() => next(3) === 0);
      await addImage(
        digest,
        own,
        packages.filter((each) => !own.includes(each) && next(2) === 0),
      );
      if (index % 4 !== 0) await tag(`random/${index % 3}`, `${index % 5}`, digest);
      if (index % 3 === 0) await run(digest, 'random', `w${index % 2}`);
    }
    await exposure.refresh();
    const live = (
      await store.query<{ digest: Digest }>(
        `SELECT image_digest AS digest FROM container_ledger UNION SELECT entry.digest FROM tag_ledger AS entry
         WHERE NOT EXISTS (SELECT FROM tag_ledger AS later WHERE (later.repository, later.tag) = (entry.repository, entry.tag) AND later.position > entry.position)`,
      )
    ).map(({ digest }) => digest);
    const findings = (await new Findings(store).of(live)).filter(
      ({ purl, state }) => purl !== null && state === 'present',
    );
    const expected = [...Map.groupBy(findings, ({ id }) => id)].map(([id, own]) => ({
      id,
      images: new Set(own.map(({ imageDigest }) => imageDigest)).size,
      running_images: new Set(own.flatMap(({ running, imageDigest }) => (running === true ? [imageDigest] : []))).size,
      severity: severities.find((severity) => own.some((each) => each.severity === severity)),
      fixable: own.some(({ fix }) => fix.version !== null),
    }));
    const rows = await store.query(
      'SELECT id, images, running_images, severity, fixable FROM fleet_vulnerability WHERE gone_at IS NULL ORDER BY id',
    );
    expect(rows).toEqual(expected.toSorted((a, b) => (a.id < b.id ? -1 : 1)));
    expect(rows.length).toBeGreaterThan(15);
  });
});
