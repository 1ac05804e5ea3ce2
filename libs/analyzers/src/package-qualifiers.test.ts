import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { overlay } from '@tidewaiter/oci';
import { tarArchive, type TarEntry } from '@tidewaiter/testkit';

import { analyzeLayer, inventory } from './index.js';
import { packageQualifiers } from './package-qualifiers.js';

const content = gunzipSync(readFileSync(join(__dirname, 'rpm/fixtures/rpmdb.sqlite.gz')));
const database: TarEntry = { path: 'var/lib/rpm/rpmdb.sqlite', content };
const release = (id: string, version: string): TarEntry => ({
  path: 'etc/os-release',
  content: `ID=${id}\nVERSION_ID=${version}\n`,
});
const manifest = (name: string, ...sets: string[]): TarEntry => ({
  path: `root/buildinfo/content_manifests/${name}.json`,
  content: JSON.stringify({ content_sets: sets }),
});
const origin = (repository: string): TarEntry => ({
  path: `var/lib/yum/yumdb/f/${'0a'.repeat(20)}-fixture-libs-1.4-3.el9-noarch/from_repo`,
  content: repository,
});

const analyzedOf = async (layers: TarEntry[][]) =>
  Promise.all(
    layers.map(async (entries) => {
      async function* blob(): AsyncGenerator<Uint8Array> {
        yield tarArchive(entries);
      }
      return analyzeLayer(blob, { mediaType: 'application/vnd.oci.image.layer.v1.tar' });
    }),
  );

async function inventoryOf(...layers: TarEntry[][]) {
  const analyzed = await analyzedOf(layers);
  return inventory(analyzed, overlay(analyzed.map(({ entries }) => entries)));
}

async function qualifiersOf(...layers: TarEntry[][]): Promise<Record<string, unknown>> {
  const { packages } = await inventoryOf(...layers);
  return Object.fromEntries(packages.flatMap(({ name, qualifiers }) => (qualifiers ? [[name, qualifiers]] : [])));
}

const file = (path: string, text = ''): TarEntry => ({ path, content: text });
const eus = 'rhel-9-for-x86_64-baseos-eus-rpms__9_DOT_2';

const web = { modularity: 'fixture:18' };

describe('packageQualifiers', () => {
  it('adds the commit that a Python distribution was installed from', async () => {
    const commit = '0123456789abcdef0123456789abcdef01234567';
    const site = 'opt/venv/lib/python3.13/site-packages';
    const metadata = (name: string) =>
      file(`${site}/${name}-1.0.dist-info/METADATA`, `Metadata-Version: 2.1\nName: ${name}\nVersion: 1.0\n`);
    const originOf = (vcs: object) =>
      file(
        `${site}/a-1.0.dist-info/direct_url.json`,
        JSON.stringify({ url: 'https://example.com/u/a', vcs_info: vcs }),
      );
    const layer = [metadata('a'), metadata('b'), originOf({ vcs: 'git', commit_id: commit })];
    const expected = { a: { vcs_url: `git+https://example.com/u/a@${commit}` } };
    expect(await qualifiersOf(layer)).toEqual(expected);
    expect(await qualifiersOf([release('debian', '12'), ...layer])).toEqual(expected);
    expect(await qualifiersOf(layer, [metadata('a'), originOf({})])).toEqual({});
  });

  it('adds the repository of a package of Amazon Linux, with epochs left out', async () => {
    expect(await qualifiersOf([release('amzn', '2'), database, origin('amzn2extra-docker')])).toEqual({
      'fixture-web': web,
      'fixture-libs': { ...web, repository_id: 'amzn2extra-docker' },
    });
    expect(await qualifiersOf([release('fedora', '41'), database, origin('fedora')])).toMatchObject({
      'fixture-libs': web,
    });
  });

  it('adds the repositories of an image of Red Hat, unless they are the usual ones', async () => {
    const usual = [manifest('base', 'rhel-9-for-x86_64-baseos-rpms', 'rhel-9-for-x86_64-appstream-rpms')];
    expect(await qualifiersOf([release('rhel', '9.2'), database], usual)).toEqual({
      'fixture-web': web,
      'fixture-libs': web,
    });
    expect(
      await qualifiersOf([release('rhel', '9.2'), database], [manifest('a', eus)], [manifest('b', 'x')]),
    ).toMatchObject({
      'fixture-web': { ...web, repository_id: `${eus},x` },
    });
  });

  it('adds enabled modules to packages of Oracle Linux without their own', () => {
    const facts = { files: [{ path: 'a', analyzer: 'a', rpm: { modules: ['nginx:1.18'] } }] };
    const layers = [{ facts }] as unknown as Parameters<typeof packageQualifiers>[0];
    const oracle = { id: 'ol', versionId: '8.10', name: 'Oracle', idLike: [] };
    const { qualified: qualify } = packageQualifiers(layers, { hiddenBy: () => undefined }, oracle);
    const record = {
      type: 'rpm' as const,
      name: 'nginx',
      source: { name: 'nginx', version: '1' },
      licenses: [],
      foundIn: '',
    };
    expect(qualify({ ...record, version: '1.18-1.module+el8+1+2' }).qualifiers).toEqual({ modularity: 'nginx:1.18' });
    expect(qualify({ ...record, version: '1.14-1.el8' }).qualifiers).toBeUndefined();
    expect(qualify({ ...record, version: '1.18-1.module+el8+1+2', qualifiers: web }).qualifiers).toEqual(web);
  });

  it.each<[string, TarEntry[]]>([
    ['deletes', [file('etc/yum.repos.d/.wh.redhat.repo')]],
    ['empties the folder of', [file('etc/yum.repos.d/.wh..wh..opq')]],
    ['replaces', [file('etc/yum.repos.d/redhat.repo', '[main]\n')]],
    ['replaces the folder of', [file('etc/yum.repos.d')]],
  ])('takes no repository from a file that a later layer %s', async (_, above) => {
    const base = [release('rhel', '9.2'), database];
    const configured = [file('etc/yum.repos.d/redhat.repo', `[${eus}]\nenabled=1\n`)];
    expect(await qualifiersOf(base, configured)).toMatchObject({ 'fixture-libs': { repository_id: eus } });
    expect(await qualifiersOf(base, configured, above)).toMatchObject({ 'fixture-libs': web });
    // A file that comes back counts.
    expect(await qualifiersOf(base, configured, above, configured)).toMatchObject({
      'fixture-libs': { repository_id: eus },
    });
  });

  it('keeps the origins of packages whose record a later layer deletes', async () => {
    const base = [release('amzn', '2'), database, origin('amzn2extra-docker')];
    expect(await qualifiersOf(base, [file('var/lib/.wh.yum')])).toMatchObject({
      'fixture-libs': { repository_id: 'amzn2extra-docker' },
    });
  });

  it('reports repositories beyond the limit', async () => {
    const sets = Array.from({ length: 402 }, (_, index) => `rhel-9-product-${index}-rpms`);
    const layers = [sets.slice(0, 200), sets.slice(200, 400), sets.slice(400)].map((part, index) => [
      manifest(`${index}`, ...part),
    ]);
    const { warnings } = await inventoryOf([release('rhel', '9.2'), database], ...layers);
    expect(warnings).toContainEqual({
      code: 'LIMIT_EXCEEDED',
      path: null,
      message: 'fixes of 2 repositories were not evaluated: maxRepositories is 400',
    });
  });

  const installed = file(
    'lib/apk/db/installed',
    'P:busybox\nV:1.36.1-r5\nA:x86_64\no:busybox\n\nP:hello\nV:2.12-r0\nA:x86_64\ns:testing\no:hello\n\n',
  );
  const branches = (...lines: string[]) => file('etc/apk/repositories', lines.join('\n'));
  const main = (branch: string) => `https://dl-cdn.alpinelinux.org/alpine/${branch}/main`;

  it('adds the branch of packages of Alpine that are of another one than os-release', async () => {
    const image = [release('alpine', '3.18.4'), installed];
    expect(await qualifiersOf(image, [branches(main('v3.18'))])).toEqual({});
    expect(await qualifiersOf(image, [branches(main('v3.18'), `@testing ${main('edge')}`)])).toEqual({
      hello: { repository_id: 'edge' },
    });
  });

  const more = file(
    'lib/apk/db/installed',
    'P:busybox\nV:1.36.1-r5\nA:x86_64\no:busybox\n\nP:curl\nV:8.5.0-r0\nA:x86_64\no:curl\n\n',
  );
  const base = [release('alpine', '3.18.4'), installed, branches(main('v3.18'))];
  const later = branches(main('v3.18'), main('v3.19'));

  it.each<[string, TarEntry[][], Record<string, unknown>]>([
    ['in the layer that enables it', [base, [later, more]], { curl: { repository_id: 'v3.18,v3.19' } }],
    ['above that', [base, [later], [more]], { curl: { repository_id: 'v3.18,v3.19' } }],
    [
      'above, and disables it again',
      [base, [later], [more], [branches(main('v3.18'))]],
      { curl: { repository_id: 'v3.18,v3.19' } },
    ],
    ['below', [base, [more], [later]], {}],
    [
      'where it replaced the own branch',
      [base, [branches(main('v3.19'))], [more]],
      { curl: { repository_id: 'v3.19' } },
    ],
    [
      'with the distribution',
      [[...base.slice(0, 1), more, branches(main('v3.19'))]],
      {
        busybox: { repository_id: 'v3.18,v3.19' },
        curl: { repository_id: 'v3.18,v3.19' },
      },
    ],
  ])('adds branches to the packages that a layer installs %s', async (_, layers, expected) => {
    expect(await qualifiersOf(...layers)).toEqual(expected);
  });

  it('finds a package that is installed again in the same version in both places', async () => {
    const removed = file('lib/apk/db/installed', 'P:busybox\nV:1.36.1-r5\nA:x86_64\no:busybox\n\n');
    const { packages } = await inventoryOf(base, [more], [removed], [later], [more]);
    expect(packages.filter(({ name }) => name === 'curl')).toMatchObject([
      { qualifiers: { repository_id: 'v3.18,v3.19' }, layer: 4, state: 'present' },
    ]);
  });

  it('reports packages that may be of another release', async () => {
    const { warnings } = await inventoryOf(
      base,
      [branches(main('v3.18'), main('edge'), `@next ${main('v3.20')}`)],
      [more],
    );
    expect(warnings).toEqual([
      {
        code: 'RELEASES_MIXED',
        path: null,
        message: '1 package may be of Alpine v3.18 or edge: findings of each of them count',
      },
    ]);
  });

  const status = file(
    'var/lib/dpkg/status',
    'Package: curl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 7.81.0-1ubuntu1\n\n',
  );
  const esm = (path: string) =>
    file(
      path,
      'Types: deb\nURIs: https://esm.ubuntu.com/infra/ubuntu\nSuites: jammy-infra-security\nComponents: main\n',
    );

  it('adds the suites that the pins of apt leave', async () => {
    const sources = file(
      'etc/apt/sources.list',
      'deb http://archive.ubuntu.com/ubuntu jammy main\ndeb http://archive.ubuntu.com/ubuntu noble main\n',
    );
    const preferences = (path: string, packages: string, priority: number) =>
      file(`etc/apt/${path}`, `Package: ${packages}\nPin: release n=noble\nPin-Priority: ${priority}\n`);
    const empty = file(
      'var/lib/dpkg/status',
      'Package: base-files\nStatus: install ok installed\nVersion: 12ubuntu4\n\n',
    );
    const image = [release('ubuntu', '22.04'), empty];
    const excluded = preferences('preferences', '*', -1);
    const own = preferences('preferences.d/c', 'curl', 990);
    expect(await qualifiersOf(image, [sources], [status])).toEqual({ curl: { repository_id: 'jammy,noble' } });
    expect(await qualifiersOf(image, [sources, excluded], [status])).toEqual({});
    expect(await qualifiersOf(image, [sources, excluded, own], [status])).toEqual({ curl: { repository_id: 'noble' } });
    // The pin came later.
    expect(await qualifiersOf(image, [sources], [status], [excluded])).toEqual({
      curl: { repository_id: 'jammy,noble' },
    });
  });

  it('takes little time for thousands of packages, pins and configurations', async () => {
    const packages = Array.from(
      { length: 1_500 },
      (_, index) => `Package: p${index}\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n\n`,
    ).join('');
    const pin = `Package: ${'*a*b*c*d '.repeat(90)}\nPin: release n=noble\nPin-Priority: -1\n\n`;
    const layers = Array.from({ length: 20 }, (_, index) => [
      file(
        'var/lib/dpkg/status',
        index % 2 === 0 ? packages : 'Package: a\nStatus: install ok installed\nVersion: 1\n\n',
      ),
      file('etc/apt/sources.list', `deb http://archive.ubuntu.com/ubuntu jammy main # ${index}\n`),
      file('etc/apt/sources.list.d/n.list', `deb http://archive.ubuntu.com/ubuntu noble main # ${index}\n`),
      file('etc/apt/preferences', pin.repeat(90)),
    ]);
    const start = process.cpuUsage();
    const qualifiers = await qualifiersOf([release('ubuntu', '22.04')], ...layers);
    expect(qualifiers).toMatchObject({ a: { repository_id: 'jammy,noble' } });
    expect(process.cpuUsage(start).user).toBeLessThan(5_000_000);
  });

  it('adds the sources of Pro to packages of Ubuntu', async () => {
    const image = [release('ubuntu', '22.04'), status];
    const pro = esm('etc/apt/sources.list.d/ubuntu-esm-infra.sources');
    expect(await qualifiersOf(image)).toEqual({});
    expect(await qualifiersOf(image, [pro])).toEqual({ curl: { repository_id: 'jammy-infra-security' } });
    expect(await qualifiersOf(image, [pro], [file('etc/apt/sources.list.d/.wh.ubuntu-esm-infra.sources')])).toEqual({});
    expect(
      await qualifiersOf(image, [esm('var/lib/ubuntu-advantage/apt-esm/etc/apt/sources.list.d/a.sources')]),
    ).toEqual({});
  });

  it('distinguishes the packages of a hardened base from those that an image adds to it', async () => {
    const apkDatabase = (...packages: [string, string][]): TarEntry => ({
      path: 'lib/apk/db/installed',
      content: packages.map(([name, version]) => `P:${name}\nV:${version}\nA:x86_64\no:${name}\n\n`).join(''),
    });
    const os: TarEntry = { path: 'etc/os-release', content: 'ID=dhi\nID_LIKE=alpine\nVERSION_ID=3.24\n' };
    const layers = await analyzedOf([
      [os, apkDatabase(['curl', '8.4.0-r0'], ['zlib', '1.3-r0'])],
      [apkDatabase(['curl', '8.4.0-r0'], ['jq', '1.7-r0'], ['zlib', '1.3-r1'])],
    ]);
    const diffIds = layers.map((_, index) => `sha256:${`${index}`.repeat(64)}` as const);
    const marked = (chain: string) => {
      const labels = { 'com.docker.dhi.chain-id': chain };
      const view = overlay(layers.map(({ entries }) => entries));
      const present = inventory(layers, view, { config: { labels, diffIds } }).packages.filter(
        ({ state }) => state === 'present',
      );
      return present.flatMap(({ name, qualifiers }) => (qualifiers?.['repository_id'] === 'dhi' ? name : []));
    };
    expect(marked(diffIds[0]!)).toEqual(['curl']);
    expect(marked(diffIds[1]!)).toEqual([]);
  });

  it('adds the product of Red Hat that the labels of the configuration name', async () => {
    const layers = await analyzedOf([[release('rhel', '9.4'), database]]);
    const view = overlay(layers.map(({ entries }) => entries));
    const repositoriesBy = (labels: Record<string, string>) => {
      const { packages } = inventory(layers, view, { config: { labels, diffIds: [] } });
      return packages.find(({ name }) => name === 'fixture-libs')?.qualifiers?.['repository_id'];
    };
    expect(repositoriesBy({ cpe: 'cpe:/a:redhat:openshift:4.16::el9' })).toBe('cpe:/a:redhat:openshift:4.16::el9');
    expect(repositoriesBy({ cpe: 'cpe:/a:redhat:enterprise_linux:9::appstream' })).toBeUndefined();
    expect(repositoriesBy({ cpe: 'cpe:/a:other:product:1' })).toBeUndefined();
    expect(repositoriesBy({})).toBeUndefined();
  });
});
