import { readFileSync } from 'node:fs';

import { readEndOfLife } from '@tidewaiter/advisories';
import type { OsRelease, PackageType } from '@tidewaiter/domain';
import { describeWith, sharedData } from '@tidewaiter/testkit';

import { type DatedPackage, endOfLife } from './end-of-life.js';
import {
  builtInLifecycles,
  type Lifecycles,
  lifecyclesOf,
  lifecycleVersion,
  type PublishedReleases,
} from './lifecycles.js';
import { releaseDates } from './release-dates.js';
import { releaseOf, releaseOfTag } from './releases.js';

const now = new Date('2026-11-28T12:00:00Z');

function system(id: string, versionId?: string, name = id): OsRelease {
  return { id, name, idLike: [], ...(versionId !== undefined && { versionId }) };
}

function pkg(type: PackageType, name: string, version: string, place: Partial<DatedPackage> = {}): DatedPackage {
  return { type, name, version, foundIn: `usr/local/bin/${name}`, layer: 1, state: 'present', ...place };
}

const titlesOf = (os: OsRelease | null, packages: readonly DatedPackage[] = [], at = now) =>
  endOfLife(os, packages, at).map(({ severity, title }) => `${severity}: ${title}`);

describe('endOfLife', () => {
  it.each([
    [system('alpine', '3.10.9'), 'high: Alpine 3.10 is end of life since 2021-05-01'],
    [system('alpine', '3.1.0'), 'high: Alpine 3.1 is end of life since 2016-11-01'],
    [system('alpine', '1.9'), 'high: Alpine 1.9 is end of life since 2012-11-01'],
    [system('debian', '9'), 'high: Debian 9 is end of life since 2022-07-01'],
    [
      system('debian', '12'),
      'medium: Debian 12 has had no standard support since 2026-07-11; only Debian LTS until 2028-06-30',
    ],
    [
      system('ubuntu', '20.04'),
      'medium: Ubuntu 20.04 has had no standard support since 2025-05-31; only Ubuntu Pro (ESM) until 2030-04-02',
    ],
    [system('ubuntu', '22.10'), 'high: Ubuntu 22.10 is end of life since 2023-07-20'],
    [system('centos', '7'), 'high: CentOS 7 is end of life since 2024-06-30'],
    [system('centos', '8', 'CentOS Linux 8'), 'high: CentOS 8 is end of life since 2021-12-31'],
    [system('centos', '8', 'CentOS Stream 8'), 'high: CentOS Stream 8 is end of life since 2024-05-31'],
    [system('fedora', '39'), 'high: Fedora 39 is end of life since 2024-11-26'],
    [system('amzn', '2018.03'), 'high: Amazon Linux 2018.03 is end of life since 2023-12-31'],
    [system('amzn', '2'), 'high: Amazon Linux 2 is end of life since 2026-06-30'],
    [system('ol', '6.10'), 'high: Oracle Linux 6 is end of life since 2024-12-31'],
    [system('sles', '15'), 'high: SUSE Linux Enterprise Server 15.0 is end of life since 2022-12-31'],
    [system('opensuse-leap', '15.6'), 'high: openSUSE Leap 15.6 is end of life since 2026-04-30'],
    [system('photon', '3.0'), 'high: Photon OS 3.0 is end of life since 2025-10-02'],
    [system('mariner', '2.0.20240117'), 'high: Azure Linux 2.0 is end of life since 2025-07-31'],
  ])('reports the distribution %j', (os, title) => {
    expect(titlesOf(os)).toEqual([title]);
  });

  it.each([
    [null],
    [system('alpine', '3.23.0')],
    [system('alpine', '3.21.0_alpha20240807')],
    [system('alpine', '9.99')],
    [system('debian')],
    [system('debian', 'trixie')],
    [system('debian', '13')],
    [system('rhel', '9.4')],
    [system('rocky', '8.9')],
    [system('almalinux', '9.4')],
    [system('centos', '9', 'CentOS Stream 9')],
    [system('azurelinux', '3.0')],
    [system('wolfi', '20230201')],
    [system('opensuse-tumbleweed', '20240101')],
    [system('arch')],
    [system('linuxmint', '18')],
  ])('ignores the distribution %j', (os) => {
    expect(titlesOf(os)).toEqual([]);
  });

  it('counts the last day of support as supported', () => {
    const os = system('fedora', '43');
    expect(titlesOf(os, [], new Date('2026-12-09T23:59:59Z'))).toEqual([]);
    expect(titlesOf(os, [], new Date('2026-12-10T00:00:00Z'))).toEqual([
      'high: Fedora 43 is end of life since 2026-12-09',
    ]);
  });

  it.each([
    [pkg('generic', 'node', '16.20.2'), 'high: Node.js 16 is end of life since 2023-09-11'],
    [pkg('generic', 'node', '0.12.18'), 'high: Node.js 0.12.18 is end of life since 2018-04-30'],
    [pkg('bitnami', 'python', '3.8.0-3'), 'high: Python 3.8 is end of life since 2024-10-07'],
    [pkg('generic', 'php', '7.4.33'), 'high: PHP 7.4 is end of life since 2022-11-28'],
    [pkg('generic', 'openjdk', '1.7.0_352'), 'high: OpenJDK 7 is end of life since 2020-06-30'],
    [pkg('generic', 'openjdk', '16.0.2'), 'high: OpenJDK 16 is end of life since 2021-09-30'],
    [pkg('generic', 'postgresql', '9.6.24'), 'high: PostgreSQL 9.6 is end of life since 2021-11-11'],
    [pkg('generic', 'mongodb', '4.4.29'), 'high: MongoDB 4.4 is end of life since 2024-02-29'],
    [pkg('nuget', 'Microsoft.NETCore.App', '6.0.36'), 'high: .NET 6 is end of life since 2024-11-12'],
    [pkg('nuget', 'Microsoft.NETCore.App.Runtime.linux-x64', '7.0.1'), 'high: .NET 7 is end of life since 2024-05-14'],
    [pkg('pypi', 'Django', '3.2.25'), 'high: Django 3.2 is end of life since 2024-04-01'],
    [pkg('golang', 'toolchain', '1.19'), 'high: Go 1.19 is end of life since 2023-09-06'],
    [
      pkg('golang', 'stdlib', '1.19.1'),
      'medium: Programs built with an unsupported Go release: Go 1.19 is end of life since 2023-09-06',
    ],
    [
      pkg('maven', 'org.elasticsearch:elasticsearch', '6.8.0', {
        foundIn: 'usr/share/elasticsearch/lib/elasticsearch-6.8.0.jar',
      }),
      'high: Elasticsearch 6 is end of life since 2022-02-10',
    ],
  ])('reports the runtime %j', (each, title) => {
    expect(titlesOf(null, [each])).toEqual([title]);
  });

  it.each([
    ['a supported release', pkg('generic', 'node', '24.1.0')],
    ['a release newer than the data', pkg('generic', 'node', '99.0.0')],
    ['a package of the distribution, which patches it', pkg('deb', 'python3.9', '3.9.2-1')],
    ['a library of the same name', pkg('npm', 'node', '16.0.0')],
    ['a client library of a server', pkg('maven', 'org.elasticsearch:elasticsearch', '6.8.0', { foundIn: 'app.jar' })],
    ['a version that is none', pkg('golang', 'stdlib', '(devel)')],
    ['what a later layer removed', pkg('generic', 'node', '16.20.2', { state: 'shadowed' })],
    ['what a lock file asks for', pkg('pypi', 'django', '3.2.25', { isDeclared: true })],
    ['a program without known releases', pkg('generic', 'busybox', '1.0.0')],
  ])('ignores %s', (_, each) => {
    expect(titlesOf(null, [each])).toEqual([]);
  });

  it('reports one finding for many places, in any order of packages', () => {
    const built = Array.from({ length: 50 }, (_, index) =>
      pkg('golang', 'stdlib', `1.19.${index % 3}`, { foundIn: `usr/bin/tool-${index}`, layer: index % 2 }),
    );
    const [finding, ...others] = endOfLife(null, built, now);
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ path: 'usr/bin/tool-0', layer: 0, evidence: { places: 50 } });
    expect(finding!.evidence['paths']).toHaveLength(20);
    expect(endOfLife(null, built.toReversed(), now)).toEqual([finding]);
  });

  it('names the releases with support at that time', () => {
    const fixAt = (at: string) => endOfLife(system('alpine', '3.10.9'), [], new Date(at))[0]!.evidence['fix'];
    expect(fixAt('2026-11-28')).toBe('Supported releases: Alpine 3.24, 3.23, 3.22.');
    expect(fixAt('2040-01-01')).toBe('No release of Alpine is supported: move to another product.');
  });

  it('gives each release its own stable fingerprint', () => {
    const fingerprint = (version: string) => endOfLife(system('alpine', version), [], now)[0]!.fingerprint;
    expect(fingerprint('3.10.9')).toBe(fingerprint('3.10.2'));
    expect(fingerprint('3.10.9')).not.toBe(fingerprint('3.11.2'));
  });
});

describe('releaseDates', () => {
  it.each(Object.entries(releaseDates))(
    'lists the releases of %s in order, with extended support after regular',
    (product, { releases }) => {
      const versions = releases.trim().split('\n');
      expect(new Set(versions).size).toBe(versions.length);
      for (const line of versions) {
        const [version = '', ends = '', extended] = line.trim().split(' ');
        expect(releaseOf(builtInLifecycles.of(product)!, version)).toMatchObject({ version });
        if (extended?.startsWith('2')) expect(extended >= ends).toBe(true);
      }
    },
  );
});

describe('releaseOfTag', () => {
  it.each([
    ['python', '3.12-slim', '3.12'],
    ['python', '3', '3.14'],
    ['python', '2', '2.7'],
    ['postgres', '9', '9.6'],
    ['debian', 'bookworm-slim', '12'],
    ['debian', 'stable-slim', undefined],
    ['alpine', 'latest', undefined],
    ['alpine', '3.1', '3.1'],
    ['go', '1.9', '1.9'],
    ['traefik', 'v2.11', '2.11'],
    ['node', '99', undefined],
  ] as const)('resolves the tag %s:%s to %s', (repository, tag, version) => {
    const product = repository === 'postgres' ? 'postgresql' : repository;
    expect(releaseOfTag(builtInLifecycles.of(product)!, tag)?.version).toBe(version);
  });
});

describe('lifecycleVersion', () => {
  it('changes on the day after a support ends, and on no other', () => {
    const on = (day: string) => lifecycleVersion(new Date(`${day}T12:00:00Z`), '');
    expect(on('2026-12-09')).not.toBe(on('2026-12-10'));
    expect(on('2026-12-11')).toBe(on('2026-12-20'));
  });
});

/** Published releases of one product. */
const published = (
  asOf: string,
  product: string,
  ...releases: Partial<PublishedReleases['products'][number]['releases'][number]>[]
): Lifecycles =>
  lifecyclesOf({
    asOf: `${asOf}T00:00:00.000Z`,
    products: [
      {
        product,
        title: product,
        releases: releases.map((each) => ({
          version: '1',
          codename: null,
          supportEnds: 'ongoing',
          extendedEnds: null,
          ...each,
        })),
      },
    ],
  });

describe('lifecyclesOf', () => {
  const alpine = (versionId: string, lifecycles: Lifecycles) =>
    endOfLife(system('alpine', versionId), [], now, lifecycles).map(({ title }) => title);

  it('prefers published dates to older built-in ones', () => {
    const later = published('2026-11-01', 'alpine-linux', { version: '3.21', supportEnds: '2027-01-01' });
    expect(alpine('3.21.0', builtInLifecycles)).toHaveLength(1);
    expect(alpine('3.21.0', later)).toEqual([]);
    const sooner = published('2026-11-01', 'alpine-linux', { version: '3.22', supportEnds: '2026-09-30' });
    expect(alpine('3.22.0', sooner)).toEqual(['Alpine 3.22 is end of life since 2026-09-30']);
  });

  it('keeps built-in dates that are newer, and releases that the published data lacks', () => {
    const old = published('2020-01-01', 'alpine-linux', { version: '3.10', supportEnds: '2030-01-01' });
    expect(alpine('3.10.1', old)).toEqual(['Alpine 3.10 is end of life since 2021-05-01']);
    const few = published('2026-11-01', 'alpine-linux', { version: '3.24' });
    expect(alpine('3.10.1', few)).toEqual(['Alpine 3.10 is end of life since 2021-05-01']);
  });

  it('evaluates releases and programs that are not built in', () => {
    const program = published('2026-11-01', 'grafana', { version: '11', supportEnds: '2026-01-01' }, { version: '12' });
    const found = endOfLife(null, [pkg('generic', 'grafana', '11.2.0')], now, program);
    expect(found).toMatchObject([
      {
        title: 'grafana 11 is end of life since 2026-01-01',
        evidence: { supportedReleases: ['12'], datesFrom: 'endoflife.date', datesAsOf: '2026-11-01' },
      },
    ]);
    expect(endOfLife(null, [pkg('generic', 'grafana', '11.2.0')], now)).toEqual([]);
    expect(endOfLife(null, [pkg('generic', 'grafana', '12.0.0')], now, program)).toEqual([]);
  });

  it.each([
    ['over', ['medium: Debian 99 has had no standard support; only Debian LTS'], 'ongoing'],
    ['over', ['high: Debian 99 is end of life'], 'over'],
    ['over', ['high: Debian 99 is end of life'], null],
    ['2026-01-01', ['medium: Debian 99 has had no standard support since 2026-01-01; only Debian LTS'], 'ongoing'],
    ['ongoing', [], null],
  ])('takes an end %s without a day: %j', (supportEnds, titles, extendedEnds) => {
    const debian = published('2026-11-01', 'debian', { version: '99', supportEnds, extendedEnds });
    const found = endOfLife(system('debian', '99'), [], now, debian);
    expect(found.map(({ severity, title }) => `${severity}: ${title}`)).toEqual(titles);
  });

  it('never reads a finer built-in release where the published one includes it', () => {
    const whole = published('2026-11-01', 'etcd', { version: '3' });
    expect(endOfLife(null, [pkg('generic', 'etcd', '3.3.1')], now, whole)).toEqual([]);
  });

  it('ignores releases that are no numbers', () => {
    const odd = published('2026-11-01', 'grafana', { version: '11-lts', supportEnds: 'over' });
    expect(endOfLife(null, [pkg('generic', 'grafana', '11-lts')], now, odd)).toEqual([]);
  });
});

const [truth, feed] = ['feeds/eol/truth.jsonl', 'feeds/eol/eol.json'].map(sharedData);

interface Case {
  kind: 'distribution' | 'program';
  id: string;
  version: string;
  date: string;
  cycle: string | null;
  ended: boolean | null;
  inExtendedSupport?: boolean;
}

describeWith(truth!, feed!)('endOfLife against the shared truth', () => {
  const cases = readFileSync(truth!.path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Case);
  const { publishedAt, products } = readEndOfLife(readFileSync(feed!.path));
  // Without the built-in data, which would fill gaps.
  const onlyPublished = lifecyclesOf({ asOf: publishedAt, products });

  describe.each([
    ['built-in data', builtInLifecycles],
    ['published data', onlyPublished],
  ])('%s', (_, lifecycles) => {
    it.each(cases)('evaluates $kind $id $version on $date', ({ kind, id, version, date, cycle, ended, ...more }) => {
      const at = new Date(`${date}T12:00:00Z`);
      const type = id === 'toolchain' ? 'golang' : 'generic';
      const found =
        kind === 'distribution'
          ? endOfLife(system(id, version, id === 'centos' && cycle === '9' ? 'CentOS Stream' : id), [], at, lifecycles)
          : endOfLife(null, [pkg(type, id, version)], at, lifecycles);
      expect(found.map(({ evidence }) => evidence['release'])).toEqual(ended === true ? [cycle] : []);
      expect(found.every(({ state }) => state === 'present')).toBe(true);
      if (kind === 'distribution' && ended === true) {
        expect(found.map(({ severity }) => severity)).toEqual([more.inExtendedSupport === true ? 'medium' : 'high']);
      }
    });
  });
});
