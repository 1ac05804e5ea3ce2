import { type OsvAdvisory, readOsvRecord } from '@tidewaiter/advisories';
import { Secret } from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { connect } from '../core/data-source.js';
import { Store } from '../core/store.js';
import { FleetMatches, type UnmatchedPackage } from './fleet-matches.js';
import { type AdvisorySnapshot, loadAdvisories } from './load-advisories.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 2, name: 'test' });
  store = new Store(dataSource, 'test');
}, 60_000);

afterAll(async () => {
  await dataSource?.destroy();
  await servers.stop();
}, 30_000);

const day = (number: number) => `2026-01-0${number}T00:00:00.000Z`;

function record(id: string, modified: string, ...names: string[]): OsvAdvisory {
  const affected = names.map((name) => ({ package: packageOf(name), versions: ['2.10-3'] }));
  return readOsvRecord({ id, modified, published: modified, affected });
}

/** `hello` of Debian 12, or `hello 14` of another release. */
function packageOf(named: string): { ecosystem: string; name: string } {
  const [name = '', release = '12'] = named.split(' ');
  return { ecosystem: `Debian:${release}`, name };
}

/** A set as the local file gives it, which leaves out what is usual. */
function snapshotOf(records: readonly OsvAdvisory[], asOf: string): AdvisorySnapshot {
  const feed = { name: 'Debian', origin: 'o', etag: null, lastModified: null, records: records.length, rejected: 0 };
  const packed = records.map(({ affected, dropped: _, ...rest }) => ({
    record: rest,
    entries: affected.map(({ ecosystem, release, name, ranges, versions }) => ({
      ...{ ecosystem, release, name },
      text: JSON.stringify({ ranges, versions }),
    })),
  }));
  return {
    feeds: () => [
      { ...feed, asOf, checkedAt: asOf, changedAt: asOf },
      { ...feed, name: 'EPSS', asOf, checkedAt: asOf, changedAt: asOf },
    ],
    stamps: () => records,
    packed: (ids) => packed.filter(({ record: { id } }) => ids.includes(id)),
    listing: (_, ids) => new Set(ids.filter((id) => records.some((each) => each.id === id))),
    lists: (ecosystem) => ecosystem === 'Debian',
    kev: () => [],
    endOfLife: () => [],
    repositories: () => [],
    epss: () => [{ cve: `CVE-2026-${asOf.slice(9, 10)}`, score: 0.5, percentile: 0.9 }],
  };
}

const load = async (records: readonly OsvAdvisory[], asOf: string) =>
  loadAdvisories(store, snapshotOf(records, asOf), { acceptsRemovals: false });

const events = async () =>
  store.query<{ data: { change: string; packages: object[] } }>('SELECT data FROM outbox ORDER BY time, id');

const key = { ecosystem: 'Debian', release: '12' };
const hello = { id: '1', key: { ...key, names: ['hello'] } } as UnmatchedPackage;

describe('loadAdvisories', () => {
  it('fills an empty database, without names as long as no package waits for them', async () => {
    const result = await load([record('DSA-1', day(1), 'hello', 'other'), record('DSA-2', day(1), 'x')], day(1));
    expect(result).toEqual({ changed: 2, gone: 0, facts: 1, kept: [] });
    expect((await events()).map(({ data: { packages } }) => packages)).toEqual([[]]);
  });

  it('completes the entries of a candidate with what a load leaves out', async () => {
    const [candidate] = await store.transaction(async (tx) => new FleetMatches().candidatesFor(tx, [hello]));
    const expected = record('DSA-1', day(1), 'hello').affected[0]!;
    expect(candidate).toEqual({ ...expected, advisory: expect.objectContaining({ id: 'DSA-1' }) });
  });

  it('writes what differs, names packages of the fleet, and retires what is gone', async () => {
    await store.query(
      `INSERT INTO package (purl, type, name, version, source_name, source_version, licenses, matched_by) VALUES ('p', 'deb', 'hello', '1', 'hello', '1', '{}', 1)`,
    );
    const before = (await events()).length;
    const result = await load([record('DSA-1', day(2), 'hello')], day(2));
    expect(result).toEqual({ changed: 1, gone: 1, facts: 2, kept: [] });
    const [changed, retired] = (await events()).slice(before);
    expect(changed!.data.packages).toEqual([
      { ecosystem: 'Debian', name: 'hello' },
      { ecosystem: 'Debian', name: 'other' },
    ]);
    expect(retired!.data.packages).toEqual([{ ecosystem: 'Debian', name: 'x' }]);
    expect(await load([record('DSA-1', day(2), 'hello')], day(2))).toEqual({
      ...{ changed: 0, gone: 0, facts: 0, kept: [] },
    });
  });

  it('continues after a failure with what is missing', async () => {
    const many = Array.from({ length: 2_500 }, (_, index) => record(`DSA-4-${index}`, day(3), 'y'));
    const broken = snapshotOf(many, day(3));
    const whole = broken.packed.bind(broken);
    broken.packed = function* (ids) {
      for (const each of whole(ids)) {
        if (each.record.id === 'DSA-4-2200') throw new Error('unreadable');
        yield each;
      }
    };
    await expect(loadAdvisories(store, broken, { acceptsRemovals: true })).rejects.toThrow('unreadable');
    const result = await loadAdvisories(store, snapshotOf(many, day(3)), { acceptsRemovals: true });
    expect(result).toMatchObject({ changed: 500, gone: 1 });
  });

  it('finds the entries of each release that a package may be of, and the package for each', async () => {
    await load(
      [record('DSA-1', day(4), 'bash'), record('DSA-2', day(4), 'bash 14'), record('DSA-3', day(4), 'bash 13')],
      day(4),
    );
    await store.query(
      `INSERT INTO package (purl, type, name, version, source_name, source_version, licenses, matched_by, ecosystem, release, other_releases, advisory_names)
       VALUES ('b', 'deb', 'bash', '1', 'bash', '1', '{}', 1, 'Debian', '12', '{14}', '{bash}')`,
    );
    await store.transaction(async (tx) => {
      const fleet = new FleetMatches();
      const named = async (id: string) => fleet.named(tx, [{ id, vulnerabilityId: id, aliases: [] }]);
      const [bash] = await named('DSA-2');
      expect(bash).toMatchObject({ name: 'bash', key: { release: '12', otherReleases: ['14'] } });
      expect(await named('DSA-1')).toHaveLength(1);
      expect(await named('DSA-3')).toEqual([]);
      const candidates = await fleet.candidatesFor(tx, [bash!]);
      expect(candidates.map(({ advisory }) => advisory.id).toSorted()).toEqual(['DSA-1', 'DSA-2']);
    });
  });
});
