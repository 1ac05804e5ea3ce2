import type { OsRelease, PackageRecord } from '@tidewaiter/domain';
import * as fc from 'fast-check';

import { advisoryKeyOf, releasesOf } from './advisory-key.js';
import {
  type EnabledSuites,
  mixedReleases,
  proSuites,
  suiteOfTag,
  suitesOfPackage,
  suitesOfReleases,
} from './enabled-releases.js';

const os = (id: string, versionId?: string, name = id): OsRelease => ({
  ...{ id, name, idLike: [] },
  ...(versionId !== undefined && { versionId }),
});
const alpine = os('alpine', '3.18.4');
const debian = os('debian', '12');
const ubuntu = os('ubuntu', '22.04');
const sid = os('debian', undefined, 'Debian GNU/Linux forky/sid');

const curl = (version: string) => ({ name: 'curl', source: { name: 'curl', version } });
const base = (...suites: string[]): EnabledSuites => ({ suites, pins: [], isBase: true });
const above = (...suites: string[]): EnabledSuites => ({ suites, pins: [], isBase: false });
const pinned = (priority: number, packages: string[], release: string, ...suites: string[]): EnabledSuites => ({
  ...above(...suites),
  pins: [{ packages, release: [release], priority }],
});
const both = ['bookworm', 'sid'];

function suitesFor(image: OsRelease, version: string, configurations: readonly EnabledSuites[]): string[] {
  const known = configurations.map((each) => ({ ...each, suites: suitesOfReleases(image, each.suites) }));
  return suitesOfPackage(image, curl(version), known);
}

describe('suitesOfPackage', () => {
  it.each<[string, OsRelease, string, EnabledSuites[], string[]]>([
    ['of the branch of os-release', alpine, '1', [base('v3.18', 'v3.18')], []],
    ['without repositories', alpine, '1', [base()], []],
    ['of unknown repositories', debian, '1', [base('stable', 'bookworm-pgdg')], []],
    ['of the base, with another branch enabled', alpine, '1', [base('v3.19')], ['v3.18', 'v3.19']],
    ['installed with another branch alone', alpine, '1', [above('v3.19')], ['v3.19']],
    ['installed with edge alone', alpine, '1', [above('edge')], ['edge']],
    ['of an image of edge', os('alpine', '3.23.0_alpha20250612'), '1', [base('edge')], []],
    ['installed with two branches', alpine, '1', [above('edge', 'v3.18')], ['v3.18', 'edge']],
    ['installed by two layers', alpine, '1', [base('v3.18'), above('v3.20', 'v3.9')], ['v3.9', 'v3.18', 'v3.20']],
    ['of the suites of one release', debian, '1', [base('bookworm', 'bookworm-security', 'bookworm-backports')], []],
    ['of stable or unstable', debian, '1', [above(...both)], both],
    [
      'of the security suite of another release',
      debian,
      '1',
      [above('bookworm', 'trixie-security')],
      ['bookworm', 'trixie-security'],
    ],
    ['of unstable', debian, '1', [above('sid')], ['sid']],
    ['of an image of unstable', sid, '1', [base('sid')], []],
    ['of an image of unknown release', os('debian'), '1', [base('trixie')], ['trixie']],
    ['whose version names its release', debian, '1-1+deb12u3', [above(...both)], []],
    ['whose version names the other release', debian, '1-1+deb13u1', [above('trixie', 'bookworm')], ['trixie']],
    ['whose version names a later release', debian, '1-1~deb13u1', [above('bookworm')], []],
    ['whose version names an earlier release', debian, '1-1+deb11u1', [above(...both)], both],
    ['of backports', debian, '1-1~bpo12+1', [above(...both)], []],
    ['of Ubuntu whose version names its release', ubuntu, '1-1ubuntu0.22.04.2', [above('jammy', 'noble')], []],
    ['of Ubuntu whose version names the other', ubuntu, '1-1ubuntu0.24.04.2', [above('jammy', 'noble')], ['noble']],
    ['of suites of another distribution', debian, '1', [above('jammy', 'v3.18')], []],
    ['of a suite that is excluded', debian, '1', [pinned(-1, ['*'], 'a=unstable', ...both)], []],
    ['of a suite that others are not taken from', debian, '1', [pinned(-10, ['*'], 'n=bookworm', ...both)], ['sid']],
    ['of a suite that is preferred for it', debian, '1', [pinned(990, ['libx', 'cur*'], 'n=sid', ...both)], ['sid']],
    ['of a suite that is preferred for others', debian, '1', [pinned(990, ['libx'], 'n=sid', ...both)], both],
    ['of a suite on request', debian, '1', [pinned(100, ['*'], 'n=sid', ...both)], both],
    ['of another distribution', os('fedora', '41'), '1', [above(...both)], []],
  ])('returns the suites of a package %s', (_, release, version, configurations, expected) => {
    expect(suitesFor(release, version, configurations)).toEqual(expected);
  });

  it('leaves no package without a release that it may be of', () => {
    const suite = fc.constantFrom('bookworm', 'bookworm-security', 'sid', 'trixie', 'stable', 'x', 'bullseye/updates');
    const configuration = fc.record({ suites: fc.array(suite), pins: fc.constant([]), isBase: fc.boolean() });
    const releaseOf = new Map([
      ...[
        ['bookworm', '12'],
        ['bookworm-security', '12'],
        ['sid', '14'],
        ['trixie', '13'],
        ['bullseye/updates', '11'],
      ],
    ] as [string, string][]);
    fc.assert(
      fc.property(fc.array(configuration), fc.constantFrom(debian, sid), (configurations, image) => {
        const suites = suitesFor(image, '1', configurations);
        const pkg: PackageRecord = {
          ...{
            type: 'deb',
            name: 'curl',
            version: '1',
            source: { name: 'curl', version: '1' },
            licenses: [],
            foundIn: '',
          },
          ...(suites.length > 0 && { qualifiers: { repository_id: suites.join(',') } }),
        };
        const releases = releasesOf(advisoryKeyOf(pkg, image)!);
        const own = image === debian ? '12' : '14';
        for (const { suites: enabled, isBase } of configurations) {
          const known = enabled.flatMap((each) => releaseOf.get(each) ?? []);
          for (const each of isBase || known.length === 0 ? [own, ...known] : known) expect(releases).toContain(each);
        }
        // The order of the configuration changes nothing.
        expect(suitesFor(image, '1', configurations.toReversed())).toEqual(suites);
      }),
    );
  });
});

describe('proSuites', () => {
  it('returns the suites of Pro in an image of Ubuntu', () => {
    expect(proSuites(ubuntu, ['jammy', 'jammy-infra-security', 'jammy-apps-security'])).toEqual([
      'jammy-apps-security',
      'jammy-infra-security',
    ]);
    expect(proSuites(debian, ['jammy-infra-security'])).toEqual([]);
  });
});

describe('suiteOfTag', () => {
  it('returns the branch of a tag if it is another than that of the image', () => {
    expect(suiteOfTag(alpine, 'edge')).toBe('edge');
    expect(suiteOfTag(alpine, 'v3.18')).toBeUndefined();
    expect(suiteOfTag(alpine, 'x')).toBeUndefined();
  });
});

describe('mixedReleases', () => {
  it('counts the packages that may be of several releases', () => {
    const installed = (repositories?: string, state: 'present' | 'shadowed' = 'present') => ({
      ...{ type: 'deb' as const, ...curl('1'), version: '1', licenses: [], foundIn: '', purl: '', layer: 0, state },
      ...(repositories !== undefined && { qualifiers: { repository_id: repositories } }),
    });
    const packages = [
      ...[installed(), installed('sid'), installed('bookworm,sid'), installed('bookworm,sid')],
      ...[installed('bookworm,trixie'), installed('bookworm,sid', 'shadowed'), installed('bookworm,bookworm-security')],
    ];
    expect(mixedReleases(packages, debian)).toEqual([
      { distribution: 'Debian', releases: ['12', '13'], packages: 1 },
      { distribution: 'Debian', releases: ['12', '14'], packages: 2 },
    ]);
    expect(mixedReleases(packages, null)).toEqual([]);
  });
});
