import { hash } from 'node:crypto';

import { type AccessScope, type Digest, Secret, type Severity } from '@tidewaiter/domain';
import { parseSettings } from '@tidewaiter/runtime';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { ScopedRows } from '../access/scoped-rows.js';
import { connect } from '../core/data-source.js';
import { Store } from '../core/store.js';
import { FleetExposure } from '../images/exposure/fleet-exposure.js';
import { OwnerLabels } from '../images/owner-labels.js';
import { EvaluationRules } from '../images/pushes/verdicts.js';
import { type Unfixed, UnfixedFindings, type UnfixedQuestion } from './unfixed-findings.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;

const digestOf = (name: string): Digest => `sha256:${hash('sha256', name, 'hex')}`;
const now = new Date('2026-11-30T12:00:00Z');
const settings = `
owners: [ { repository: shop/*, owner: team-shop } ]
exceptions:
  - { repository: shop/cart, finding: CVE-2026-3, reason: not reachable, owner: team-shop, until: 2999-01-31 }
  - { repository: shop/cart, finding: CVE-2026-1, tag: '9', reason: of one tag, owner: team-shop, until: 2999-01-31 }
`;
const { rules, owners } = parseSettings(settings, () => '');

async function addPackage(name: string, version: string): Promise<string> {
  const [row] = await store.query<{ id: string }>(
    `INSERT INTO package (purl, type, name, version, source_name, source_version, licenses, ecosystem, release)
     VALUES ($1, 'deb', $2, $3, $2, $3, '{}', 'Debian', '12') RETURNING id`,
    [`pkg:deb/debian/${name}@${version}?distro=debian-12`, name, version],
  );
  return row!.id;
}

async function addAdvisory(id: string, severity: Severity, published = '2020-01-01'): Promise<void> {
  await store.query(
    `INSERT INTO advisory (id, vulnerability_id, aliases, title, severity, modified, published, change)
     VALUES ($1, $1, '{}', $1, $2, now(), $3, nextval('advisory_change_seq'))`,
    [id, severity, published],
  );
}

async function affect(packageId: string, advisoryId: string, fix: string | null): Promise<void> {
  await store.query(
    `INSERT INTO package_match (package_id, advisory_id, state, fix_state, fix_version, vulnerability_ids)
     VALUES ($1, $2, 'affected', $3, $4, ARRAY[$2])`,
    [packageId, advisoryId, fix === null ? 'not-fixed' : 'fixed', fix],
  );
}

async function push(repository: string, tag: string, name: string, at: string, packages: string[] = []): Promise<void> {
  const digest = digestOf(name);
  await store.query(
    `INSERT INTO image (digest, media_type, config_digest, platform, labels, analyzed_at)
     VALUES ($1, 'm', 'c', 'linux/amd64', '{"dev.tidewaiter.owner": "team-label"}', now()) ON CONFLICT DO NOTHING`,
    [digest],
  );
  await store.query(
    `INSERT INTO image_package (image_digest, package_id, layer, state, found_in)
     SELECT $1, unnest($2::bigint[]), 0, 'present', 'var/lib/dpkg/status' ON CONFLICT DO NOTHING`,
    [digest, packages],
  );
  const [row] = await store.query<{ id: string }>(
    `INSERT INTO push (id, connection, repository, tag, artifact, state, registry_host, digest, received_at)
     VALUES (gen_random_uuid(), 'main', $1, $2, 'image', 'analyzed', 'registry.example.com', $3, $4) RETURNING id`,
    [repository, tag, digest, at],
  );
  await store.query('INSERT INTO push_image (push_id, image_digest) VALUES ($1, $2)', [row!.id, digest]);
  await store.query(
    `INSERT INTO tag_ledger (connection, repository, tag, digest, push_id, at, position)
     SELECT 'main', $1, $2, $3, $4, $5, 1 + count(*) FROM tag_ledger WHERE (repository, tag) = ($1, $2)`,
    [repository, tag, digest, row!.id, at],
  );
}

const unfixed = async (
  question: Partial<UnfixedQuestion> = {},
  scopes: AccessScope[] | null = null,
): Promise<Unfixed> => {
  const findings = new UnfixedFindings(
    store,
    new OwnerLabels(store),
    new EvaluationRules(rules),
    new FleetExposure(store),
  );
  const read = async () => findings.of({ by: 'repository', query: '', limits: {}, ...question }, owners, now);
  return scopes ? store.within(new ScopedRows(scopes, owners.rules), read) : store.unlimited(read);
};

/** `shop/cart: CVE-2026-1 openssl 30d`, one for each row. */
const lines = ({ groups }: Unfixed) =>
  groups.flatMap(({ name, rows }) =>
    rows.map(
      (row) => `${name}: ${row.vulnerability} ${row.package} ${row.installed.join('+')} → ${row.fix} ${row.days}d`,
    ),
  );

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 2, name: 'test' });
  store = new Store(dataSource, 'test');
  const [openssl, newer, zlib] = [
    await addPackage('openssl', '3.0.1'),
    await addPackage('openssl', '3.0.2'),
    await addPackage('zlib', '1'),
  ];
  await addAdvisory('CVE-2026-1', 'critical');
  await addAdvisory('CVE-2026-2', 'low', '2026-11-20');
  await addAdvisory('CVE-2026-3', 'high');
  for (const id of [openssl, newer]) await affect(id, 'CVE-2026-1', '3.0.14');
  await affect(zlib, 'CVE-2026-2', null);
  await affect(zlib, 'CVE-2026-3', null);
  // Rebuilt three times: the tag has a new image, and the hole is as old as the first one.
  await push('shop/cart', '1', 'cart-1', '2026-10-31T12:00:00Z', [openssl, zlib]);
  await push('shop/cart', '1', 'cart-2', '2026-11-15T12:00:00Z', [openssl, zlib]);
  await push('shop/cart', '1', 'cart-3', '2026-11-29T12:00:00Z', [newer, zlib]);
  await push('pay/api', '1', 'pay-1', '2026-11-25T12:00:00Z', [zlib]);
  await push('pay/api', '2', 'cart-3', '2026-11-29T12:00:00Z');
  // Fixed in the newest image.
  await push('shop/old', '1', 'old-1', '2026-10-01T12:00:00Z', [openssl]);
  await push('shop/old', '1', 'old-2', '2026-10-02T12:00:00Z');
  await new FleetExposure(store).refresh();
});

afterAll(async () => {
  await dataSource.destroy();
  await servers.stop();
});

describe('UnfixedFindings', () => {
  it('has the time of the last evaluation of the fleet', async () => {
    const { asOf } = await unfixed();
    expect(asOf).toEqual(await new FleetExposure(store).refreshedAt());
    await store.query(`UPDATE fleet_refresh SET refreshed_at = '2026-11-27T08:00:00Z'`);
    expect(await unfixed()).toMatchObject({ asOf: new Date('2026-11-27T08:00:00Z') });
  });

  it('has what current images have, since their repository has had it or it was published', async () => {
    expect(lines(await unfixed())).toEqual([
      'pay/api: CVE-2026-1 openssl 3.0.2 → 3.0.14 1d',
      'pay/api: CVE-2026-3 zlib 1 → null 5d',
      'pay/api: CVE-2026-2 zlib 1 → null 5d',
      'shop/cart: CVE-2026-1 openssl 3.0.2 → 3.0.14 30d',
      'shop/cart: CVE-2026-2 zlib 1 → null 10d',
    ]);
  });

  it('leaves out what an exception covers for the whole repository, and counts without it', async () => {
    const { groups, total } = await unfixed({ query: 'id=CVE-2026-3' });
    expect(groups.map(({ name }) => name)).toEqual(['pay/api']);
    expect(total).toBe(1);
  });

  it('selects vulnerabilities by a query of their list', async () => {
    expect(lines(await unfixed({ query: 'severity>=high fixable' }))).toHaveLength(2);
    await expect(unfixed({ query: 'severty=high' })).rejects.toMatchObject({ code: 'QUERY_INVALID' });
  });

  it('counts what is older than the limit of its severity', async () => {
    const { groups } = await unfixed({ limits: { critical: 15, low: 10 } });
    expect(groups.map(({ name, overdue }) => ({ name, overdue }))).toEqual([
      { name: 'pay/api', overdue: 0 },
      { name: 'shop/cart', overdue: 1 },
    ]);
    expect(groups[0]!.rows.map(({ limitDays }) => limitDays)).toEqual([15, null, 10]);
  });

  it('groups by the rule of the settings, or the label of the newest image', async () => {
    const { groups } = await unfixed({ by: 'owner', query: 'severity>=high' });
    expect(groups.map(({ name, counts, oldest }) => ({ name, counts, oldest }))).toEqual([
      { name: 'team-label', counts: { critical: 1, high: 1 }, oldest: 5 },
      { name: 'team-shop', counts: { critical: 1 }, oldest: 30 },
    ]);
  });

  it.each([
    ['of repositories', { repositories: ['shop/*'] }, ['shop/cart']],
    ['of owners', { owners: ['team-shop'] }, ['shop/cart']],
    ['of another cluster', { clusters: ['eu1'] }, []],
  ])('has what limits %s hold, and nothing else', async (_, limits, names) => {
    const scope = { repositories: [], clusters: [], namespaces: [], owners: [], ...limits };
    const { groups, total } = await unfixed({}, [scope]);
    expect(groups.map(({ name }) => name)).toEqual(names);
    expect(total).toBe(groups.flatMap(({ rows }) => rows).length);
  });
});
