import { readOsvRecord } from '@tidewaiter/advisories';
import { Secret } from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { connect } from '../core/data-source.js';
import { Store } from '../core/store.js';
import { Advisories } from './advisories.js';
import { AdvisoryFeeds } from './advisory-feeds.js';
import { exploitationOf } from './exploitation.js';
import { FleetMatches, type UnmatchedPackage } from './fleet-matches.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;
let feeds: AdvisoryFeeds;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
  const url = await servers.postgres.createDatabase();
  dataSource = await connect({ url: new Secret(url), poolSize: 2, name: 'test' });
  store = new Store(dataSource, 'test');
  feeds = new AdvisoryFeeds(store, new Advisories(store));
}, 60_000);

afterAll(async () => {
  await dataSource?.destroy();
  await servers.stop();
}, 30_000);

const record = {
  id: 'DEBIAN-CVE-2026-1000',
  modified: '2026-01-01T00:00:00Z',
  published: '2026-01-01T00:00:00Z',
  affected: [{ package: { ecosystem: 'Debian:12', name: 'hello' }, versions: ['2.10-3'] }],
};

describe('AdvisoryFeeds', () => {
  it('retires advisories that an ecosystem no longer lists, and restores them when it lists them again', async () => {
    const both = {
      ...record,
      affected: [...record.affected, { package: { ecosystem: 'Ubuntu:24.04:LTS', name: 'hello' } }],
    };
    const advisory = readOsvRecord(both);
    expect(await feeds.put([advisory])).toBe(1);
    expect(await feeds.put([advisory])).toBe(0);
    expect(await feeds.known([record.id, 'none'])).toEqual(new Map([[record.id, Date.parse(record.modified)]]));
    await feeds.retire('Debian', [record.id]);
    expect([await feeds.idsOf('Debian'), await feeds.idsOf('Ubuntu')]).toEqual([[], [record.id]]);
    await feeds.retire('Ubuntu', [record.id]);
    expect(await feeds.idsOf('Ubuntu')).toEqual([]);
    expect(await store.query('SELECT id FROM advisory WHERE withdrawn IS NULL')).toEqual([]);
    expect((await feeds.known([record.id])).get(record.id)).toBe(Number.NEGATIVE_INFINITY);
    expect(await feeds.put([advisory])).toBe(1);
    expect([await feeds.idsOf('Debian'), await feeds.idsOf('Ubuntu')]).toEqual([[record.id], [record.id]]);
  });

  it('stores exploitation data and writes only changed entries', async () => {
    const log4shell = { cve: 'CVE-2021-44228', addedOn: '2021-12-10' };
    expect(await feeds.putKev('CISA', [log4shell, { cve: 'CVE-2020-0001', addedOn: '2021-01-01' }])).toBe(2);
    expect(await feeds.putKev('CISA', [log4shell])).toBe(1);
    const score = { cve: 'CVE-2021-44228', score: 0.94358, percentile: 0.99961 };
    expect(await feeds.putEpss([score, { ...score, cve: 'CVE-2021-45046' }])).toBe(2);
    expect(await feeds.putEpss([score, { cve: 'CVE-2021-45046', score: 0.1, percentile: 0.1 }])).toBe(1);
    const findings = [
      { id: 'GHSA-jfh8-c2jp-5v3q', aliases: ['CVE-2021-44228'] },
      { id: 'CVE-2020-0001', aliases: [] },
    ];
    expect(await exploitationOf(store, findings)).toEqual([
      { kev: true, kevLists: ['CISA'], epss: 0.94358 },
      { kev: false, epss: null },
    ]);
  });

  it('stores several lists of exploited vulnerabilities, whose first load is no news', async () => {
    await store.query('DELETE FROM exploitation_change');
    const [one, two, three] = ['CVE-2021-44228', 'CVE-2020-0002', 'CVE-2020-0003'].map((cve) => ({
      ...{ cve, addedOn: '2021-12-01' },
    }));
    const news = async () =>
      (
        await store.query<{ cve: string }>(
          'SELECT cve FROM exploitation_change WHERE announced_at IS NULL ORDER BY cve',
        )
      ).map(({ cve }) => cve);
    const listsOf = async (...ids: string[]) =>
      (
        await exploitationOf(
          store,
          ids.map((id) => ({ id, aliases: [] })),
        )
      ).map(({ kevLists }) => kevLists?.join() ?? '');

    expect(await feeds.putKev('VulnCheck', [one!, two!])).toBe(2);
    expect(await feeds.putKev('VulnCheck', [one!, two!])).toBe(0);
    expect(await news()).toEqual([]);
    expect(await listsOf('CVE-2021-44228', 'CVE-2020-0002')).toEqual(['CISA,VulnCheck', 'VulnCheck']);
    expect(await store.query('SELECT added_on::text AS day FROM kev ORDER BY cve')).toEqual([
      { day: '2021-12-01' },
      { day: '2021-12-01' },
    ]);

    // Known already from the other list.
    expect(await feeds.putKev('VulnCheck', [one!, two!, three!])).toBe(1);
    expect(await news()).toEqual(['CVE-2020-0003']);
    expect(await feeds.putKev('VulnCheck', [three!])).toBe(2);
    expect(await listsOf('CVE-2021-44228', 'CVE-2020-0002')).toEqual(['CISA', '']);
    expect(await store.query(`SELECT added_on::text AS day FROM kev WHERE cve = 'CVE-2021-44228'`)).toEqual([
      { day: '2021-12-10' },
    ]);

    // As a process of the release before leaves it.
    await store.query(`INSERT INTO kev (cve, added_on) VALUES ('CVE-2020-0004', '2020-01-01')`);
    expect(await listsOf('CVE-2020-0004')).toEqual(['CISA']);
    expect(await feeds.putKev('VulnCheck', [three!])).toBe(0);
    expect(await feeds.putKev('CISA', [{ cve: 'CVE-2020-0004', addedOn: '2020-01-01' }])).toBe(2);
    expect(await listsOf('CVE-2020-0004', 'CVE-2021-44228', 'CVE-2020-0003')).toEqual(['CISA', '', 'VulnCheck']);
  });

  it('matches packages of images with a repository again whose products changed', async () => {
    const add = async (id: number, repositories: string | null) =>
      store.query(
        `INSERT INTO package (id, purl, type, name, version, ecosystem, release, matched_by, qualifiers, source_name, source_version, licenses)
         VALUES ($1, $2, 'rpm', 'a', '1', 'Red Hat', '9', 5, $3, 'a', '1', '{}')`,
        [id, `pkg:rpm/redhat/a@${id}`, repositories && { repository_id: repositories }],
      );
    await add(1, 'x-rpms,y-rpms');
    await add(2, 'z-rpms');
    await add(3, null);
    const outdated = async () => {
      const rows = await store.query<{ id: string }>('SELECT id FROM package WHERE matched_by = 0 ORDER BY id');
      await store.query('UPDATE package SET matched_by = 5');
      return rows.map(({ id }) => id);
    };
    const [y, z] = [
      { repository: 'y-rpms', cpes: ['cpe:/a:redhat:y:1'] },
      { repository: 'z-rpms', cpes: ['cpe:/a:redhat:z:1'] },
    ];
    expect(await feeds.putRepositories([y, z])).toBe(2);
    expect(await outdated()).toEqual(['1', '2']);
    expect(await feeds.putRepositories([y, z])).toBe(0);
    expect(await outdated()).toEqual([]);
    expect(await feeds.putRepositories([y, { ...z, cpes: ['cpe:/a:redhat:z:2'] }])).toBe(1);
    expect(await outdated()).toEqual(['2']);
    expect(await feeds.putRepositories([z])).toBe(2);
    expect(await outdated()).toEqual(['1', '2']);
    const packages = [{ qualifiers: { repository_id: 'z-rpms,x-rpms' } }] as unknown as UnmatchedPackage[];
    const cpesOf = await store.transaction(async (tx) => new FleetMatches().cpesFor(tx, packages));
    expect([cpesOf('z-rpms'), cpesOf('x-rpms')]).toEqual([z.cpes, undefined]);
  });
});
