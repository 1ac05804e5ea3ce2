import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { gunzipSync } from 'node:zlib';

import { usualAgeLimits } from '@tidewaiter/advisories';
import { AdvisoryFileWriter } from '@tidewaiter/advisory-file';
import { type AdvisoryKeeper, advisorySources, importFiles } from '@tidewaiter/advisory-sync';
import { countFindings, type Finding, findingKinds, severities, TidewaiterError } from '@tidewaiter/domain';
import type { Report } from '@tidewaiter/reports';
import type { RunningService } from '@tidewaiter/runtime';
import {
  Advisories,
  AdvisoryFeeds,
  finalPushStates,
  Findings,
  Images,
  type Push,
  Pushes,
  pushList,
} from '@tidewaiter/store';
import {
  buildImage,
  buildIndex,
  corpusImages,
  elfFile,
  type ImageSpec,
  type LayoutRegistry,
  layoutTags,
  reportMissing,
  sharedData,
  startLayoutRegistry,
  tarArchive,
  type TarEntry,
  throwAwayServers,
  type ThrowAwayServers,
  listed,
} from '@tidewaiter/testkit';

import { changeStore, withStore } from '../database.js';
import { startService } from '../service/services.js';
import { scanTarget } from '../target/scan-target.js';

/**
 * Findings that the platform alone can have, by rule, with the reason. Everything else must be the
 * same: `scan` in a pipeline and the platform behind the registry evaluate the same image.
 */
const platformOnly: ReadonlyMap<string, string> = new Map([
  ['image-unsigned', 'needs `signers` of the settings; `scan` has its own flags for them'],
  ['release-tag-moved', 'needs the history of the tag'],
  ['same-revision-different-content', 'needs the other images of the repository'],
  ['package-file-outlier', 'needs the same package in other images of the fleet'],
  ['file-outlier', 'needs the same path in other images of the fleet'],
]);

/** Images of the corpus whose outcome rightly differs, with the reason. */
const otherOutcomes: ReadonlyMap<string, string> = new Map([
  ['corpus/hostile-wrong-digest', 'the platform has read the layer of this digest from an honest repository'],
]);

const hookSecret = 'hook-secret-of-the-test';
const alpine = sharedData('corpus/data/alpine');
const advisories = sharedData('advisories');
/** The result of `corpus/build`, which takes minutes, is used where it is named. */
const corpus = corpusImages();

/** Fields of a finding that both must agree on. */
function described({ kind, id, purl, path, layer, severity, state, fix, confidence }: Finding): string {
  return [kind, id, severity, confidence, purl, path, layer, state, fix.state, fix.version].join(' | ');
}

function descriptions(findings: readonly Finding[]): string[] {
  return findings
    .filter(({ id }) => !platformOnly.has(id))
    .map(described)
    .toSorted();
}

const debian12: TarEntry = {
  path: 'etc/os-release',
  content: 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nID=debian\n',
};

function dpkgStatus(packages: Record<string, string>): TarEntry {
  const stanzas = Object.entries(packages).map(
    ([name, version]) => `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\n`,
  );
  return { path: 'var/lib/dpkg/status', content: stanzas.join('\n') };
}

const nginx = (version: string) =>
  elfFile([{ name: '.rodata', content: Buffer.from(`\0nginx version: nginx/${version}\0`, 'latin1') }]);
const md5 = (text: string) => createHash('md5').update(text).digest('hex');
const awsKey = ['AKIA', '2E3KQFXV7WJN5B4D'].join('');

/** SBOM as BuildKit attests it, with Syft's purls. */
const attestedSbom = (packages: Record<string, string>) => ({
  predicateType: 'https://spdx.dev/Document',
  predicate: {
    spdxVersion: 'SPDX-2.3',
    name: 'sbom',
    creationInfo: { creators: ['Tool: syft-v1.18.1', 'Tool: buildkit-v0.20.2'] },
    packages: Object.entries(packages).map(([name, version]) => ({
      name,
      externalRefs: [
        { referenceType: 'purl', referenceLocator: `pkg:deb/debian/${name}@${version}?arch=amd64&distro=debian-12` },
      ],
    })),
  },
});

/** Base of a Docker Hardened Image, as the label of images built on it names it. */
const hardenedBase = tarArchive([
  { path: 'etc/os-release', content: 'ID=dhi\nID_LIKE=debian\nVERSION_ID=12\nPRETTY_NAME="Hardened"\n' },
  dpkgStatus({ openssl: '3.0.17-1+dhi1' }),
]);
const hardenedChain = `sha256:${createHash('sha256').update(hardenedBase).digest('hex')}`;

/** A few images of our own, so that a clone without the corpus compares something of every kind. */
const ownImages: Record<string, ImageSpec[]> = {
  debian: [
    {
      layers: [
        [
          debian12,
          dpkgStatus({ openssl: '3.0.15-1', zlib: '1.3-1', odd: 'no version' }),
          { path: 'usr/bin/tool', content: 'changed', mode: 0o4755 },
          { path: 'var/lib/dpkg/info/openssl.md5sums', content: `${md5('original')}  usr/bin/tool\n` },
          // Hidden by the next layer: how old the data of its ecosystem is does not count.
          { path: 'opt/hidden/node_modules/lodash/package.json', content: '{"name":"lodash","version":"4.17.20"}' },
          { path: 'root/.aws/credentials', content: `[default]\naws_access_key_id = ${awsKey}\n` },
        ],
        [
          dpkgStatus({ openssl: '3.0.17-1', zlib: '1.3-1' }),
          { path: 'root/.aws/.wh.credentials' },
          { path: 'opt/.wh.hidden' },
        ],
        [{ path: 'usr/bin/sudo', content: 'sudo', mode: 0o4755 }],
      ],
      config: { User: 'root', Env: ['DB_PASSWORD=hunter2hunter2'], ExposedPorts: { '22/tcp': {} } },
    },
  ],
  old: [
    {
      layers: [
        [
          { path: 'etc/os-release', content: 'ID=alpine\nVERSION_ID=3.10.9\nPRETTY_NAME="Alpine Linux v3.10"\n' },
          { path: 'lib/apk/db/installed', content: 'P:musl\nV:1.1.22-r4\nA:x86_64\n\n' },
        ],
      ],
      config: { User: 'app', Entrypoint: ['/bin/sh', '-c', 'service ssh start && /app'] },
      created: '2026-05-01T00:00:00Z',
    },
  ],
  node: [
    {
      layers: [
        [{ path: 'app/node_modules/lodash/package.json', content: '{"name":"lodash","version":"4.17.4"}' }],
        [{ path: 'app/node_modules/evil/package.json', content: '{"name":"evil","version":"1.0.0"}' }],
        [{ path: 'app/node_modules/lodash/.wh.package.json' }],
      ],
    },
  ],
  programs: [
    {
      layers: [
        [
          debian12,
          dpkgStatus({ nginx: '1.25.3-1~bookworm', zlib: '1.3-1' }),
          { path: 'usr/sbin/nginx', content: nginx('1.25.3'), mode: 0o755 },
        ],
        [{ path: 'usr/local/sbin/nginx', content: nginx('1.20.0'), mode: 0o755 }],
      ],
    },
  ],
  attested: [
    {
      layers: [[debian12, dpkgStatus({ openssl: '3.0.15-1', zlib: '1.3-1' })]],
      statements: [
        attestedSbom({ openssl: '3.0.15-1', gcc: '12-1' }),
        { predicateType: 'https://slsa.dev/provenance/v0.2', predicate: { builder: { id: '' } } },
      ],
    },
    {
      layers: [[debian12, dpkgStatus({ openssl: '3.0.15-1' })]],
      platform: 'linux/arm64',
      statements: [attestedSbom({ openssl: '3.0.15-1', gcc: '12-1' })],
    },
  ],
  hardened: [
    {
      layers: [hardenedBase, [dpkgStatus({ openssl: '3.0.17-1+dhi1', zlib: '1.3-1' })]],
      config: { Labels: { 'com.docker.dhi.chain-id': hardenedChain } },
    },
  ],
  empty: [{ layers: [[{ path: 'app', content: 'x' }]] }],
  platforms: [
    { layers: [[debian12, dpkgStatus({ openssl: '3.0.15-1' })]], platform: 'linux/amd64' },
    { layers: [[debian12, dpkgStatus({ zlib: '1.3-1' })]], platform: 'linux/arm64', config: { User: 'app' } },
  ],
};

/**
 * Root file systems and package databases that the corpus keeps as data, in images of one layer.
 */
function dataImages(): Record<string, ImageSpec[]> {
  if (!alpine.isThere) return {};
  const archives = readdirSync(alpine.path).filter((name) => name.endsWith('x86_64.tar.gz'));
  return Object.fromEntries(
    archives.map((name) => [
      name.replace(/^alpine-minirootfs-(.+)-x86_64.*$/, 'alpine-$1'),
      [{ layers: [gunzipSync(readFileSync(join(alpine.path, name)))] }],
    ]),
  );
}

/** Answers the layouts by the name of their repository. */
async function layoutsToCompare(): Promise<Map<string, string>> {
  const layouts = new Map<string, string>();
  for (const [name, specs] of Object.entries({ ...ownImages, ...dataImages() })) {
    const dir = mkdtempSync(join(folder, 'layout-'));
    if (specs.length === 1) await buildImage(dir, specs[0]!);
    else await buildIndex(dir, specs);
    layouts.set(`own/${name}`, dir);
  }
  const built = corpus.isThere ? readdirSync(join(corpus.path, 'oci')) : [];
  for (const name of built) layouts.set(`corpus/${name}`, join(corpus.path, 'oci', name));
  return layouts;
}

const record = (id: string, ecosystem: string, name: string, fixed: string | null, score: string) => ({
  ...{ schema_version: '1.7.0', id, modified: '2026-01-02T03:04:05Z', published: '2026-01-02T03:04:05Z' },
  summary: `a hole in ${name}`,
  severity: [{ type: 'CVSS_V3', score: `CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/${score}` }],
  affected: [
    {
      package: { ecosystem, name },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, ...(fixed === null ? [] : [{ fixed }])] }],
    },
  ],
});

/** One vulnerability of nginx by the range of a CPE, one by its very version. */
const nvdPage = {
  format: 'NVD_CVE',
  version: '2.0',
  vulnerabilities: [
    { criteria: 'cpe:2.3:a:f5:nginx:*:*:*:*:*:*:*:*', versionEndExcluding: '1.25.4' },
    { criteria: 'cpe:2.3:a:nginx:nginx:1.20.0:*:*:*:*:*:*:*' },
  ].map((match, at) => ({
    cve: {
      ...{ id: `CVE-2026-200${at}`, vulnStatus: 'Analyzed', lastModified: '2026-01-02T03:04:05.000' },
      configurations: [{ nodes: [{ operator: 'OR', cpeMatch: [{ vulnerable: true, ...match }] }] }],
    },
  })),
};

/** Paths to import: records for the images of our own, and real ones where they are at hand. */
function advisoryPaths(): string[] {
  const own = join(folder, 'osv');
  mkdirSync(own);
  for (const each of [
    record('CVE-2026-1001', 'Debian:12', 'openssl', '3.0.17-1', 'C:H/I:H/A:H'),
    record('DHI-CVE-2026-1006', 'Docker Hardened Images:Debian:12', 'openssl', '3.0.17-1+dhi2', 'C:H/I:N/A:N'),
    record('CVE-2026-1002', 'Debian:12', 'odd', '2', 'C:L/I:N/A:N'),
    record('CVE-2026-1003', 'Debian:12', 'zlib', null, 'C:N/I:N/A:L'),
    record('CVE-2026-1004', 'npm', 'lodash', '4.17.21', 'C:N/I:N/A:H'),
    record('MAL-2026-1', 'npm', 'evil', null, 'C:H/I:H/A:H'),
    record('CVE-2026-1005', 'Alpine:v3.10', 'musl', '1.1.22-r9', 'C:N/I:N/A:H'),
  ])
    writeFileSync(join(own, `${each.id}.json`), JSON.stringify(each));
  writeFileSync(join(own, 'nvd.json'), JSON.stringify(nvdPage));
  const ecosystems = corpus.isThere ? ['Alpine', 'Debian', 'npm', 'PyPI', 'crates.io', 'Azure Linux'] : ['Alpine'];
  const archives = ecosystems.map((name) => join(advisories.path, 'osv', name, 'all.zip'));
  const ratings = ['kev.json', 'epss.csv'].map((name) => join(advisories.path, name));
  // Our own last: a whole archive takes back what it does not have.
  return [...[...archives, ...ratings].filter((path) => existsSync(path)), own];
}

async function importAll(keeper: AdvisoryKeeper, paths: readonly string[]): Promise<void> {
  const nothing = () => {};
  const listener = { downloading: nothing, reading: nothing, rejected: nothing, keptDeleted: nothing, done: nothing };
  const failed = (name: string, error: unknown) => {
    throw new Error(name, { cause: error });
  };
  const sources = (await Promise.all(paths.map(advisorySources))).flat();
  await importFiles(sources, { keeper, listener: { ...listener, failed }, acceptsRemovals: false });
}

let folder: string;
let layouts: Map<string, string>;
let servers: ThrowAwayServers<{ postgres: true; nats: true; redis: true }>;
let registry: LayoutRegistry;
let ingest: RunningService;
let scanner: RunningService;
let pushes: Push[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tidewaiter-same-'));
  layouts = await layoutsToCompare();
  [servers, registry] = await Promise.all([
    throwAwayServers({ postgres: true, nats: true, redis: true }),
    startLayoutRegistry(layouts),
  ]);
  const connection = `{ name: main, kind: distribution, url: "${registry.url}", webhookSecret: ${hookSecret}, allowPrivate: true }`;
  writeFileSync(join(folder, 'tidewaiter.yaml'), `registries:\n  - ${connection}\n`);
  Object.assign(env, {
    TIDEWAITER_DATABASE_URL: await servers.postgres.createDatabase(),
    TIDEWAITER_FINGERPRINT_KEY: 'fingerprint-key-of-the-test',
  });
  const common = {
    ...{ TIDEWAITER_DATABASE_URL: env['TIDEWAITER_DATABASE_URL'], TIDEWAITER_NATS_URL: servers.nats.url },
    ...{ TIDEWAITER_REDIS_URL: servers.redis.url, TIDEWAITER_CONFIG: join(folder, 'tidewaiter.yaml') },
    ...{ TIDEWAITER_FINGERPRINT_KEY: env['TIDEWAITER_FINGERPRINT_KEY'] },
    ...{ TIDEWAITER_HTTP_PORT: '0', TIDEWAITER_LOG_LEVEL: env['TIDEWAITER_LOG_LEVEL'] ?? 'silent' },
  };
  ingest = await startService('ingest', common);
  scanner = await startService('scanner', common);
  const paths = advisoryPaths();
  await changeStore('advisories.changed', async (store) =>
    importAll(new AdvisoryFeeds(store, new Advisories(store)), paths),
  );
  using writer = AdvisoryFileWriter.open(join(folder, 'advisories.db'));
  await importAll(writer, paths);
  const places = [...layouts].flatMap(([repository, dir]) => layoutTags(dir).map((each) => ({ repository, ...each })));
  for (const place of places) await announce(place);
  pushes = await ended(places.length);
}, 1_200_000);

afterAll(async () => {
  await Promise.all([ingest?.stop(), scanner?.stop()]);
  await Promise.all([servers?.stop(), registry?.stop()]);
  rmSync(folder, { recursive: true, force: true });
  delete env['TIDEWAITER_DATABASE_URL'];
  delete env['TIDEWAITER_FINGERPRINT_KEY'];
});

/** @see https://distribution.github.io/distribution/about/notifications/ */
async function announce({ repository, tag, digest }: { repository: string; tag: string; digest: string }) {
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const target = { mediaType, digest, repository, tag, url: `${registry.url}/v2/${repository}/manifests/${digest}` };
  const event = { id: randomUUID(), timestamp: new Date().toISOString(), action: 'push', target };
  const answer = await fetch(`${ingest.url}/hooks/registry/main`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${hookSecret}`,
      'content-type': 'application/vnd.docker.distribution.events.v2+json',
    },
    body: JSON.stringify({ events: [event] }),
  });
  expect(answer.status).toBe(202);
}

async function ended(count: number): Promise<Push[]> {
  return withStore(async (store) => {
    for (;;) {
      const items = await listed(store, pushList, 'received');
      if (items.length === count && items.every(({ state }) => finalPushStates.some((each) => each === state)))
        return items;
      await new Promise((resume) => setTimeout(resume, 200));
    }
  });
}

/**
 * Findings of `scan` for one platform of an image; the code of the error where it refuses the
 * image.
 */
async function scanned(
  dir: string,
  tag: string,
  platform: string | null,
): Promise<Pick<Report, 'findings' | 'warnings'> | string> {
  const flags = { ...(platform !== null && { platform }), quiet: true, cacheDir: folder, timeout: 600_000 };
  try {
    const { report } = await scanTarget(`oci:${dir}:${tag}`, flags, {
      kinds: new Set(findingKinds),
      failOn: undefined,
      onIncomplete: 'warn',
      isOnlyFixed: false,
      isOnlyReachable: false,
      advisories: { path: join(folder, 'advisories.db'), maxAges: usualAgeLimits },
      objections: { statements: [], exceptions: [] },
      policies: [],
      documents: [],
    });
    return report;
  } catch (error) {
    if (error instanceof TidewaiterError) return error.code;
    throw error;
  }
}

describe('scan and the platform', () => {
  reportMissing(alpine, advisories, corpus);

  it('give the same findings, counts and gaps in the advisories for every image', async () => {
    expect(pushes.length).toBeGreaterThanOrEqual(Object.keys(ownImages).length);
    const differences: Record<string, unknown> = {};
    for (const push of pushes) {
      const difference = await differenceIn(push);
      if (difference !== null) differences[`${push.repository}:${push.tag}`] = difference;
    }
    expect(differences).toEqual({});
  }, 1_800_000);

  it('find something of every kind in the images of our own', async () => {
    const digests = pushes.flatMap(({ repository, digest }) => (repository.startsWith('own/') ? [digest!] : []));
    const found = await Promise.all(digests.map(platformFindings));
    const kinds = new Set(found.flat().map(({ kind }) => kind));
    expect([...kinds]).toEqual(
      expect.arrayContaining(['integrity', 'malware', 'misconfiguration', 'secret', 'vulnerability']),
    );
    const ofHardenedBase = found.flat().filter(({ id }) => id === 'CVE-2026-1006');
    expect(ofHardenedBase).toMatchObject([{ purl: expect.stringContaining('openssl'), layer: 0 }]);
    expect(found.flat().filter(({ id }) => id === 'unsigned-sbom-differs')).toMatchObject([
      { platform: 'linux/amd64', evidence: { source: 'buildkit', unlisted: ['pkg:deb/debian/zlib@1.3-1'] } },
    ]);
  });
});

/** Codes of warnings about a gap in the advisories. */
const gapsInAdvisories = ['ADVISORIES_MISSING', 'ADVISORIES_STALE', 'OS_UNKNOWN', 'PACKAGES_NOT_EVALUATED'];

function gapsIn(warnings: readonly { code: string; message: string }[]): string[] {
  return warnings
    .filter(({ code }) => gapsInAdvisories.includes(code))
    .map(({ code, message }) => `${code} ${message.replace(/as of .*/, '')}`)
    .toSorted();
}

async function platformFindings(digest: string): Promise<(Finding & { platform: string })[]> {
  return withStore(async (store) => {
    const images = await new Images(store).ofDigest(digest);
    const platformOf = new Map(images.map((image) => [image.digest, image.platform]));
    const found = await new Findings(store).of([...platformOf.keys()]);
    return found.map((each) => ({ ...each, platform: platformOf.get(each.imageDigest)! }));
  });
}

/** Null where both agree. */
async function differenceIn({ id, repository, tag, state, code, digest, counts }: Push): Promise<unknown> {
  const dir = layouts.get(repository)!;
  if (otherOutcomes.has(repository)) return null;
  if (state !== 'analyzed') {
    // Codes differ where a registry and a folder say differently that something is missing.
    return typeof (await scanned(dir, tag!, null)) === 'string' ? null : { platform: code, scan: 'findings' };
  }
  const images = await withStore((store) => new Images(store).ofDigest(digest!));
  const findings = await platformFindings(digest!);
  const all: Finding[] = findings.filter(({ id }) => platformOnly.has(id));
  const gaps: string[] = [];
  for (const { platform } of images) {
    const local = await scanned(dir, tag!, images.length === 1 ? null : platform);
    if (typeof local === 'string') return { platform: state, scan: local };
    all.push(...local.findings);
    gaps.push(...gapsIn(local.warnings));
    const here = descriptions(local.findings);
    const there = descriptions(findings.filter((each) => each.platform === platform));
    const [onlyScan, onlyPlatform] = [without(here, there), without(there, here)];
    if (onlyScan.length + onlyPlatform.length > 0) return { platform, onlyScan, onlyPlatform };
  }
  const warned = gapsIn(await withStore((store) => new Pushes(store).warnings(id)));
  if (warned.join() !== [...new Set(gaps)].toSorted().join()) return { platform: warned, scan: gaps };
  const own = countFindings(all);
  const isSame = severities.every((severity) => counts![severity] === own[severity]);
  return isSame ? null : { platform: counts, scan: own };
}

/** Entries that the first list has more often than the second. */
function without(list: readonly string[], others: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const each of others) left.set(each, (left.get(each) ?? 0) + 1);
  return list.filter((each) => {
    const count = left.get(each) ?? 0;
    left.set(each, count - 1);
    return count <= 0;
  });
}
