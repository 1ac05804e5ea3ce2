import type { AdvisorySummary, OsRelease, PackageRecord } from '@tidewaiter/domain';
import * as fc from 'fast-check';

import { type AdvisoryKey, advisoryKeyOf } from './advisory-key.js';
import type { AptPin } from './apt-pins.js';
import { type EnabledSuites, suitesOfPackage } from './enabled-releases.js';
import { matchPackage } from './match-package.js';
import type { PackageMatch } from './package-match.js';
import type { AdvisoryCandidate } from './statements.js';

function advisory(id: string): AdvisorySummary {
  const about = { vulnerabilityId: 'CVE-2026-0001', aliases: [] };
  return { id, ...about, severity: 'high', cvss: null, title: id, published: null };
}

/** An advisory of a distribution with its fix by release; null where there is none. */
function fixes(ecosystem: string, byRelease: Record<string, string | null>, id = 'RECORD-1'): AdvisoryCandidate[] {
  return Object.entries(byRelease).map(([release, fixed]) => ({
    ...{ advisory: advisory(id), ecosystem, release, name: 'curl', versions: [], severity: null },
    ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, ...(fixed === null ? [] : [{ fixed }])] }],
    ...{ unfixed: 'not-fixed', isIncomplete: false },
  }));
}

function curl(type: 'apk' | 'deb', version: string, suites: readonly string[] = []): PackageRecord {
  return {
    ...{ type, name: 'curl', version, source: { name: 'curl', version }, licenses: [], foundIn: '' },
    ...(suites.length > 0 && { qualifiers: { repository_id: suites.join(',') } }),
  };
}

const os = (id: string, versionId: string): OsRelease => ({ id, versionId, name: id, idLike: [] });

interface Image {
  os: OsRelease;
  type: 'apk' | 'deb';
  suites: readonly string[];
  pins?: readonly AptPin[];
  isBase?: boolean;
}

/** Matches of a version in an image with these suites, as the scan evaluates it. */
function matchesIn(
  { os: release, type, suites, pins = [], isBase = true }: Image,
  version: string,
  records: AdvisoryCandidate[],
) {
  const configuration: EnabledSuites = { suites, pins, isBase };
  const pkg = curl(type, version, suitesOfPackage(release, curl(type, version), [configuration]));
  return matchPackage(pkg, advisoryKeyOf(pkg, release)!, records);
}

const summaryOf = (matches: readonly PackageMatch[]) =>
  matches.map(({ state, fix, evidence: { affectedReleases, possibleReleases } }) =>
    [
      state,
      fix.version ?? fix.state,
      ...(possibleReleases ? [`${affectedReleases?.join()} of ${possibleReleases.join()}`] : []),
    ].join(' '),
  );

const debian = { os: os('debian', '12'), type: 'deb' } as const;
const ubuntu = { os: os('ubuntu', '22.04'), type: 'deb' } as const;
const alpine = { os: os('alpine', '3.19.1'), type: 'apk' } as const;
const withSid = { ...debian, suites: ['bookworm', 'bookworm-security', 'sid'] };
const inDebian = fixes('Debian', { '12': '7.88.1-10+deb12u5', '13': '8.14.1-2+deb13u1', '14': '8.16.0-1' });
const unfixedIn12 = fixes('Debian', { '12': null, '14': '8.16.0-1' });
const withNoble = { ...ubuntu, suites: ['jammy', 'jammy-security', 'noble'] };
const inUbuntu = fixes('Ubuntu', { '22.04:LTS': '7.81.0-1ubuntu1.15', '24.04:LTS': '8.5.0-2ubuntu10.1' });
const with320 = { ...alpine, suites: ['v3.19', 'v3.20'] };
const inAlpine = fixes('Alpine', { 'v3.19': '8.5.0-r0', 'v3.20': '8.5.0-r2' });

describe('matchPackage', () => {
  it.each<[string, Image, AdvisoryCandidate[], string, string[]]>([
    ['of its own release by its version', withSid, inDebian, '7.88.1-10+deb12u4', ['affected 7.88.1-10+deb12u5']],
    ['of its own release with the fix', withSid, inDebian, '7.88.1-10+deb12u5', []],
    ['of unstable without the fix', withSid, inDebian, '8.15.0-1', ['affected 8.16.0-1 14 of 12,14']],
    ['of unstable with a fix that stable lacks', withSid, unfixedIn12, '8.16.0-1', []],
    ['of stable without a fix there', withSid, unfixedIn12, '7.88.1-10', ['affected 8.16.0-1 12,14 of 12,14']],
    [
      'of a later release by its version, that is enabled no more',
      { ...debian, suites: ['bookworm'] },
      inDebian,
      '8.14.1-2+deb13u0',
      ['affected 8.14.1-2+deb13u1'],
    ],
    ['updated in its own release', withNoble, inUbuntu, '7.81.0-1ubuntu1.15', []],
    [
      'of the later release',
      withNoble,
      inUbuntu,
      '8.5.0-2ubuntu10',
      ['affected 8.5.0-2ubuntu10.1 24.04:LTS of 22.04:LTS,24.04:LTS'],
    ],
    [
      'of the later release by its version',
      withNoble,
      inUbuntu,
      '8.5.0-2ubuntu0.24.04.1',
      ['affected 8.5.0-2ubuntu10.1'],
    ],
    ['of one of two branches', with320, inAlpine, '8.5.0-r1', ['affected 8.5.0-r2 v3.20 of v3.19,v3.20']],
    ['fixed in both branches', with320, inAlpine, '8.5.0-r2', []],
    [
      'of another branch alone, in a layer above',
      { ...alpine, suites: ['v3.20'], isBase: false },
      inAlpine,
      '8.5.0-r1',
      ['affected 8.5.0-r2'],
    ],
  ])('evaluates a package %s', (_, image, records, version, expected) => {
    expect(summaryOf(matchesIn(image, version, records))).toEqual(expected);
  });

  it('names the releases only where they disagree with one release alone', () => {
    const key: AdvisoryKey = { ecosystem: 'Debian', release: '12', otherReleases: [], names: ['curl'] };
    expect(matchPackage(curl('deb', '1'), key, inDebian)[0]?.evidence).not.toHaveProperty('possibleReleases');
  });

  it('reports a vulnerability once if two releases have records of their own', () => {
    const records = [...fixes('Debian', { '12': '2-1' }, 'DSA-1-1'), ...fixes('Debian', { '12': '2-1', '14': '3-1' })];
    expect(summaryOf(matchesIn(withSid, '1-1', records))).toEqual([
      'affected 2-1 12 of 12,14',
      'affected 2-1 12,14 of 12,14',
    ]);
  });

  const releases = ['12', '13', '14'] as const;
  const suites = { '12': 'bookworm', '13': 'trixie', '14': 'sid' } as const;
  const counts = fc.record({ '12': fc.nat(3), '13': fc.nat(3), '14': fc.constant(0) });

  it('decides by the release that a package of Debian is really of, whatever else is enabled', () => {
    // The tracker lists the fix of unstable for each release that has it, else one of its updates.
    const archive = fc.record({
      start: fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3)),
      unstableFix: fc.nat(12),
      updates: counts,
      fixedBy: fc.record({
        '12': fc.option(fc.integer({ min: 1, max: 4 })),
        '13': fc.option(fc.integer({ min: 1, max: 4 })),
      }),
      isFixedInUnstable: fc.boolean(),
    });
    fc.assert(
      fc.property(archive, fc.constantFrom(...releases), fc.subarray([...releases]), (made, real, others) => {
        const [a, b, c] = made.start;
        const upstream = { '12': a, '13': a + b, '14': a + b + c };
        const updated = (release: '12' | '13' | '14', count: number) =>
          `${upstream[release]}-1${count > 0 ? `+deb${release}u${count}` : ''}`;
        const fixIn = (release: '12' | '13' | '14'): string | null => {
          if (made.isFixedInUnstable && upstream[release] >= made.unstableFix) return `${made.unstableFix}-1`;
          const count = release === '14' ? null : made.fixedBy[release];
          if (count !== null) return updated(release, count);
          return release === '14' && made.isFixedInUnstable ? `${made.unstableFix}-1` : null;
        };
        const version = updated(real, made.updates[real]);
        const isFixed =
          (made.isFixedInUnstable && upstream[real] >= made.unstableFix) ||
          (real !== '14' && made.updates[real] >= (made.fixedBy[real] ?? Infinity));
        const enabled = [...new Set([real, ...others])].map((release) => suites[release]);
        const records = fixes('Debian', Object.fromEntries(releases.map((release) => [release, fixIn(release)])));
        expect(matchesIn({ ...debian, suites: enabled }, version, records)).toHaveLength(isFixed ? 0 : 1);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    [
      'Ubuntu',
      ubuntu,
      { '22.04:LTS': 'jammy', '24.04:LTS': 'noble', '26.04:LTS': 'resolute' },
      (base: number, count: number) => `${base}.0-1ubuntu${base}${count > 0 ? `.${count}` : ''}`,
    ],
    [
      'Alpine',
      alpine,
      { 'v3.19': 'v3.19', 'v3.20': 'v3.20', 'v3.21': 'v3.21' },
      (base: number, count: number) => `${base}.0-r${count}`,
    ],
  ] as const)(
    'misses no vulnerability of a package of %s, and marks what it cannot decide',
    (name, image, known, spell) => {
      const entry = fc.record({ step: fc.nat(2), installed: fc.nat(4), fixed: fc.option(fc.nat(4)) });
      const names = Object.keys(known);
      fc.assert(
        fc.property(fc.tuple(entry, entry, entry), fc.nat(2), fc.subarray([0, 1, 2]), (made, real, others) => {
          // No two releases have the same version of Ubuntu under the same number.
          const bases = made.map((_, index) =>
            made.slice(0, index + 1).reduce((sum, { step }) => sum + step + Number(name === 'Ubuntu'), 1),
          );
          const records = fixes(
            name,
            Object.fromEntries(
              made.map(({ fixed }, at) => [names[at]!, fixed === null ? null : spell(bases[at]!, fixed)]),
            ),
          );
          const { installed, fixed } = made[real]!;
          const enabled = [...new Set([real, ...others])].map((at) => Object.values(known)[at]!);
          const matches = matchesIn({ ...image, suites: enabled }, spell(bases[real]!, installed), records);
          const isAffected = fixed === null || installed < fixed;
          if (isAffected) expect(matches).toHaveLength(1);
          for (const { evidence } of matches) {
            expect(evidence.affectedReleases ?? [names[real]]).toEqual(
              isAffected ? expect.arrayContaining([names[real]]) : expect.not.arrayContaining([names[real]]),
            );
          }
        }),
        { numRuns: 2_000 },
      );
    },
  );
});
