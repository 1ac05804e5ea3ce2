import { type Digest, type ImagePackage, type OsRelease, Secret } from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { connect } from '../core/data-source.js';
import { Store } from '../core/store.js';
import { Findings } from './findings.js';
import { Images } from './images.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 2, name: 'test' });
  store = new Store(dataSource, 'test');
  await store.query(
    `INSERT INTO advisory (id, vulnerability_id, aliases, title, severity, modified, change)
     VALUES ('GHSA-1', 'GHSA-1', '{CVE-2026-2222}', 'a hole', 'high', now(), 1)`,
  );
  await store.query(`INSERT INTO kev (cve, added_on) VALUES ('CVE-2026-2222', '2026-01-01')`);
});

afterAll(async () => {
  await dataSource.destroy();
  await servers.stop();
});

describe('Findings.exploitation', () => {
  it.each([
    ['its own name', 'CVE-2026-2222', true],
    ['an alias', 'GHSA-1', true],
    ['a name that the catalog does not have', 'CVE-2026-3333', false],
  ])('finds a vulnerability by %s', async (_, id, kev) => {
    expect(await new Findings(store).exploitation(id)).toMatchObject({ kev });
  });
});

describe('Findings of images whose support has ended', () => {
  const digest: Digest = `sha256:${'e'.repeat(64)}`;
  const os: OsRelease = { id: 'fedora', versionId: '43', name: 'Fedora Linux 43', idLike: [] };

  function packageOf(name: string, version: string, more: Partial<ImagePackage> = {}) {
    const type = more.type ?? 'generic';
    const purl = `pkg:${type}/${name}@${version}`;
    const base = { source: { name, version }, licenses: [], foundIn: `usr/local/bin/${name}`, layer: 0 };
    return { type, name, version, purl, ...base, state: 'present' as const, key: null, ...more };
  }

  beforeAll(async () => {
    const images = new Images(store);
    const described = { mediaType: 'm', configDigest: digest, platform: 'linux/amd64', user: null, labels: {} };
    const dates = { createdAt: null, baseCreatedAt: null };
    const layer = { index: 0, digest, diffId: digest, mediaType: 'm', sizeBytes: 1 };
    const packages = [
      packageOf('node', '16.20.2'),
      packageOf('python', '3.8.0', { state: 'shadowed' }),
      packageOf('python3.8', '3.8.0-1', { type: 'deb' }),
      packageOf('Microsoft.NETCore.App.Runtime.linux-x64', '6.0.36', { type: 'nuget' }),
      packageOf('stdlib', '1.19', { type: 'golang' }),
    ];
    await store.transaction(async (tx) => {
      await images.add(tx, [{ ...described, ...dates, digest, findings: [], configVersion: null, layers: [layer] }]);
      await images.analyzed(tx, digest, '1', { os, packages, warnings: [], findings: [], notEvaluated: [] });
    });
  });

  const releasesAt = async (now: string) => {
    const findings = await new Findings(store).of([digest], undefined, new Date(now));
    return findings.map(({ id, evidence }) => `${id} ${String(evidence['product'])}`).toSorted();
  };

  it('depend on the date, without another analysis', async () => {
    const runtimes = ['end-of-life-runtime .NET', 'end-of-life-runtime Go', 'end-of-life-runtime Node.js'];
    expect(await releasesAt('2026-12-09')).toEqual(runtimes);
    expect(await releasesAt('2026-12-10')).toEqual(['end-of-life-distribution Fedora', ...runtimes]);
    expect(await releasesAt('2022-01-01')).toEqual([]);
  });
});
