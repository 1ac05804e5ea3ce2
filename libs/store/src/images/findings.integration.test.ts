import type { AdvisoryFeed } from '@tidewaiter/advisories';
import { groupSecrets } from '@tidewaiter/analyzers';
import { NameSet } from '@tidewaiter/collections';
import {
  type Digest,
  type Finding,
  findingOf,
  type ImagePackage,
  linkedCode,
  type OsRelease,
  Secret,
} from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { Advisories } from '../advisories/advisories.js';
import { AdvisoryFeeds } from '../advisories/advisory-feeds.js';
import { connect } from '../core/data-source.js';
import { Store } from '../core/store.js';
import { FileContents } from './file-contents.js';
import { Findings } from './findings.js';
import { Images } from './images.js';
import { FleetSearch } from './search/fleet-search.js';

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

  it('follow the published dates, and verdicts follow a change of them and the end of a support', async () => {
    const feeds = new AdvisoryFeeds(store, new Advisories(store));
    const feed: AdvisoryFeed = {
      ...{ name: 'End of life', origin: 'o', etag: null, lastModified: null, records: 1, rejected: 0 },
      ...{ asOf: '2026-12-01T00:00:00.000Z', checkedAt: '2026-12-01T00:00:00.000Z' },
      changedAt: '2026-12-01T00:00:00.000Z',
    };
    const publish = async (supportEnds: string, changedAt = feed.changedAt) => {
      const release = { version: '43', codename: null, supportEnds, extendedEnds: null };
      const changed = await feeds.putEndOfLife([{ product: 'fedora', title: 'Fedora', releases: [release] }]);
      await feeds.noteFeed({ ...feed, changedAt }, changed);
      return changed;
    };
    const versionAt = async (now: string) => new Findings(store).endsOfSupportVersion(new Date(now));
    const builtIn = await versionAt('2026-12-02');

    expect(await publish('2026-12-05')).toBe(1);
    expect(await releasesAt('2026-12-06')).toContain('end-of-life-distribution Fedora');
    const first = await versionAt('2026-12-02');
    expect(first).not.toBe(builtIn);
    expect(await versionAt('2026-12-05')).toBe(first);
    expect(await versionAt('2026-12-06')).not.toBe(first);

    expect(await publish('ongoing', '2026-12-02T00:00:00.000Z')).toBe(1);
    expect(await releasesAt('2026-12-10')).not.toContain('end-of-life-distribution Fedora');
    expect(await versionAt('2026-12-02')).not.toBe(first);
    expect(await publish('ongoing')).toBe(0);
    expect(await new Findings(store).haveDatedProducts([digest])).toBe(true);
    expect(await new Findings(store).haveDatedProducts([`sha256:${'0'.repeat(64)}`])).toBe(false);
    expect(await feeds.holdings()).toMatchObject({ endOfLife: 1 });
  });
});

describe('Findings of a secret in several places', () => {
  const digest: Digest = `sha256:${'a'.repeat(64)}`;
  const value = 'ab'.repeat(32);
  const published = ['cd', 'ef'].map((pair) => pair.repeat(32));

  const secret = (path: string | null, evidence: object, more: Partial<Finding> = {}) =>
    findingOf({
      ...{ kind: 'secret', id: 'aws-access-token', severity: 'high', title: 'key', state: 'present' },
      ...{ fingerprint: `of ${path}`, path, layer: path === null ? null : 0, ...more },
      evidence: { origin: path === null ? 'env' : 'file', valueFingerprint: value, ...evidence },
    });

  async function stored(files: Finding[], config: Finding[]): Promise<void> {
    const images = new Images(store);
    const described = { mediaType: 'm', configDigest: digest, platform: 'linux/amd64', user: null, labels: {} };
    const more = { createdAt: null, baseCreatedAt: null, layers: [], configVersion: null };
    await store.transaction(async (tx) => {
      await images.add(tx, [{ digest, ...described, ...more, findings: config }]);
      const inventory = { os: null, packages: [], warnings: [], findings: files, notEvaluated: [] };
      await images.analyzed(tx, digest, '1', inventory);
    });
  }

  const ofPackage = published.map((fingerprint, index) =>
    secret(
      `node_modules/x/${index}.js`,
      { valueFingerprint: fingerprint, package: 'pkg:npm/x@1', isPublic: true },
      { severity: 'low' },
    ),
  );
  const files = [secret('a/.env', { line: 1 }), secret('b/.env', { line: 2 }), ...ofPackage];
  const variable = secret(null, { name: 'TOKEN' });

  it.each([
    ['as they are stored', groupSecrets(files), groupSecrets([variable])],
    ['as versions before 0.3 stored them, one for each place', files, [variable]],
  ])('joins those of files and config, %s', async (_, ofFiles, ofConfig) => {
    await stored(ofFiles, ofConfig);
    const findings = await new Findings(store).of([digest]);
    const paths = findings.map(({ locations = [] }) => locations.map(({ path, name }) => path ?? name));
    expect(paths.toSorted((a, b) => a.length - b.length)).toEqual([
      ['node_modules/x/0.js', 'node_modules/x/1.js'],
      ['a/.env', 'b/.env', 'TOKEN'],
    ]);
    expect(findings.map(({ fingerprint }) => fingerprint).toSorted()).toEqual(
      groupSecrets([...files, variable])
        .map(({ fingerprint }) => fingerprint)
        .toSorted(),
    );
  });

  it('is found by every value, also in the published files of a package', async () => {
    await stored(groupSecrets(files), groupSecrets([variable]));
    const typesOf = async (hex: string) =>
      (await new FleetSearch(store, new FileContents(store)).of(hex)).map(({ type }) => type);
    for (const hex of [value, ...published]) expect(await typesOf(hex)).toContain('secret');
    expect(await typesOf('12'.repeat(32))).not.toContain('secret');
  });
});

describe('Findings of Go programs', () => {
  const images = { linked: digestOf('1'), notLinked: digestOf('2'), opaque: digestOf('3') };
  const stdlib = { type: 'golang', name: 'stdlib', version: '1.24.4', purl: 'pkg:golang/stdlib@1.24.4' } as const;
  const functions = (...names: string[]) => Buffer.from(NameSet.encode(names)).toString('base64');
  const own = linkedCode.module(stdlib.name, stdlib.version);
  const programs = {
    linked: functions(own, linkedCode.function('net/url', 'Parse')),
    notLinked: functions(own),
    opaque: functions(linkedCode.opaqueModule(stdlib.name, stdlib.version)),
  };

  beforeAll(async () => {
    const described = { mediaType: 'm', platform: 'linux/amd64', user: null, labels: {} };
    const dates = { createdAt: null, baseCreatedAt: null };
    const source = { name: stdlib.name, version: stdlib.version };
    const packages = [
      { ...stdlib, source, licenses: [], foundIn: 'app', layer: 0, state: 'present' as const, key: null },
    ];
    const stored = new Images(store);
    for (const [name, digest] of Object.entries(images)) {
      const claim = { blobDigest: digest, sizeBytes: 1, diffId: digest };
      const layer = { index: 0, digest, diffId: digest, mediaType: 'm', sizeBytes: 1 };
      const content = { facts: Buffer.alloc(0), entries: Buffer.alloc(0), entryCount: 0, uncompressedBytes: 1 };
      const inventory = { os: null, packages, warnings: [], findings: [], notEvaluated: [] };
      const linkedPrograms = [{ diffId: digest, linkedPrograms: [programs[name as keyof typeof programs]] }];
      await store.transaction(async (tx) => {
        const image = { ...described, ...dates, digest, configDigest: digest, findings: [], configVersion: null };
        await stored.add(tx, [{ ...image, layers: [layer] }]);
        await stored.layerAnalyzed(tx, claim, '1', content);
        await stored.analyzed(tx, digest, '1', { ...inventory, linkedPrograms });
      });
    }
    await store.query(
      `INSERT INTO package_match (package_id, advisory_id, state, fix_state, vulnerability_ids, evidence)
       SELECT id, 'GHSA-1', 'affected', 'not-fixed', '{GHSA-1}', $1 FROM package WHERE purl = $2`,
      [JSON.stringify({ imports: [{ path: 'net/url', symbols: ['Parse'] }] }), stdlib.purl],
    );
  });

  it('say whether the vulnerable functions are linked, image by image', async () => {
    const found = await new Findings(store).of(Object.values(images));
    const vulnerabilities = found.filter(({ kind }) => kind === 'vulnerability');
    const known = Map.groupBy(vulnerabilities, ({ imageDigest }) => imageDigest);
    const reachabilityIn = (digest: Digest) => known.get(digest)?.map(({ reachability }) => reachability);
    expect(reachabilityIn(images.linked)).toEqual(['linked']);
    expect(reachabilityIn(images.notLinked)).toEqual(['not-linked']);
    expect(reachabilityIn(images.opaque)).toEqual([undefined]);
  });

  it('list those that are not linked last', async () => {
    const found = await new Findings(store).of(Object.values(images));
    const last = found.findLast(({ kind }) => kind === 'vulnerability');
    expect(last?.imageDigest).toBe(images.notLinked);
  });
});

function digestOf(digit: string): Digest {
  return `sha256:${digit.repeat(64)}`;
}
