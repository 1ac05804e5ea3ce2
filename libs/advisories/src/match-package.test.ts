import type { AdvisorySummary, PackageRecord } from '@tidewaiter/domain';
import * as fc from 'fast-check';

import { matchPackage } from './match-package.js';
import type { VersionEvent } from './ranges.js';
import type { AdvisoryCandidate } from './statements.js';

const bookworm = { ecosystem: 'Debian', release: '12' };
const key = { ...bookworm, names: ['openssl'] };

function installed(version: string, parts: Partial<PackageRecord> = {}): PackageRecord {
  const source = { name: 'openssl', version };
  return { type: 'deb', name: 'libssl3', version: '0', source, licenses: [], foundIn: 'var/lib/dpkg/status', ...parts };
}

function advisory(id: string): AdvisorySummary {
  return { id, vulnerabilityId: id, aliases: [], severity: 'unknown', cvss: null, title: id, published: null };
}

function candidate(events: VersionEvent[], parts: Partial<AdvisoryCandidate> = {}): AdvisoryCandidate {
  return {
    advisory: advisory('DSA-1-1'),
    ...bookworm,
    name: 'openssl',
    ranges: [{ type: 'ECOSYSTEM', events }],
    versions: [],
    severity: null,
    unfixed: 'not-fixed',
    isIncomplete: false,
    ...parts,
  };
}

const fixedAt = (version: string, parts: Partial<AdvisoryCandidate> = {}) =>
  candidate([{ introduced: '0' }, { fixed: version }], parts);

describe('matchPackage', () => {
  it('reports the advisory with its fix, by source package and source version', () => {
    expect(matchPackage(installed('3.0.11-1~deb12u1'), key, [fixedAt('3.0.11-1~deb12u2')])).toEqual([
      {
        advisoryId: 'DSA-1-1',
        state: 'affected',
        fix: { state: 'fixed', version: '3.0.11-1~deb12u2' },
        vulnerabilityIds: ['DSA-1-1'],
        severity: null,
        evidence: {
          source: 'Debian:12',
          comparedName: 'openssl',
          comparedVersion: '3.0.11-1~deb12u1',
          range: '< 3.0.11-1~deb12u2',
        },
      },
    ]);
    expect(matchPackage(installed('3.0.11-1~deb12u2'), key, [fixedAt('3.0.11-1~deb12u2')])).toEqual([]);
  });

  it('uses the order of the distribution', () => {
    const alpine = { ecosystem: 'Alpine', release: 'v3.20' };
    const match = (version: string) =>
      matchPackage(installed(version, { type: 'apk' }), { ...alpine, names: ['openssl'] }, [
        fixedAt('3.1.4-r5', alpine),
      ]);
    expect(match('3.1.4_rc1-r9')).toHaveLength(1);
    expect(match('3.1.4-r10')).toEqual([]);
  });

  it.each<[string, Partial<AdvisoryCandidate>, number]>([
    ['another release', { release: '11' }, 0],
    ['another ecosystem', { ecosystem: 'Ubuntu' }, 0],
    ['another package', { name: 'OpenSSL' }, 0],
    ['the binary package', { name: 'libssl3' }, 0],
    ['every release of Debian', { release: null }, 1],
  ])('evaluates an entry about %s: %#', (_, parts, count) => {
    expect(matchPackage(installed('1.0'), key, [candidate([{ introduced: '0' }], parts)])).toHaveLength(count);
  });

  it('does not apply a bare Alpine to all releases: other vendors publish under that name', () => {
    const bare = candidate([{ introduced: '0' }], { ecosystem: 'Alpine', release: null });
    expect(
      matchPackage(installed('1.0', { type: 'apk' }), { ...key, ecosystem: 'Alpine', release: 'v3.20' }, [bare]),
    ).toEqual([]);
  });

  it.each<[string, AdvisoryCandidate[], object]>([
    ['no fix is named', [candidate([{ introduced: '0' }])], { state: 'not-fixed' }],
    ['it will not be fixed', [candidate([{ introduced: '0' }], { unfixed: 'wont-fix' })], { state: 'wont-fix' }],
    ['the range ends otherwise', [candidate([{ introduced: '0' }, { last_affected: '2.0' }])], { state: 'not-fixed' }],
    [
      'another branch has one too',
      [candidate([{ introduced: '1.0' }, { fixed: '1.5' }, { introduced: '2.0' }, { fixed: '2.3' }])],
      { state: 'fixed', version: '1.5' },
    ],
    [
      'the nearest fix is affected again',
      [candidate([{ introduced: '1.0' }, { fixed: '1.5' }, { introduced: '1.5' }, { fixed: '1.10' }])],
      { state: 'fixed', version: '1.10' },
    ],
    [
      'another entry goes on',
      [fixedAt('1.5'), candidate([{ introduced: '1.2' }, { fixed: '1.10' }])],
      { state: 'fixed', version: '1.10' },
    ],
    ['another entry has no end', [fixedAt('1.5'), candidate([{ introduced: '0' }])], { state: 'not-fixed' }],
    ['it is listed, not ranged', [candidate([{ introduced: '9' }], { versions: ['1.2-1'] })], { state: 'not-fixed' }],
  ])('finds the fix when %s', (_, candidates, fix) => {
    expect(matchPackage(installed('1.2-1'), key, candidates)).toMatchObject([{ state: 'affected', fix }]);
  });

  it.each<[string, string, AdvisoryCandidate]>([
    ['the installed version', 'not a version', fixedAt('1.5')],
    ['a bound', '1.2', fixedAt('<unfixed>')],
    ['a part of the record', '1.2', candidate([{ introduced: '9' }], { isIncomplete: true })],
  ])('is unknown if %s cannot be parsed', (_, version, entry) => {
    expect(matchPackage(installed(version), key, [entry])).toMatchObject([
      { advisoryId: 'DSA-1-1', state: 'unknown', fix: { state: 'unknown' }, severity: null },
    ]);
  });

  it('is affected in any version if all versions are', () => {
    expect(matchPackage(installed('not a version'), key, [candidate([{ introduced: '0' }])])).toMatchObject([
      { state: 'affected', fix: { state: 'not-fixed' } },
    ]);
  });

  it('gives one match per advisory, with the severity of the entries that hit', () => {
    const matches = matchPackage(installed('1.2'), key, [
      fixedAt('1.5', { severity: 'low' }),
      fixedAt('1.6', { severity: 'medium' }),
      fixedAt('1.1', { severity: 'critical' }),
      fixedAt('1.5', { advisory: advisory('DSA-2-1') }),
    ]);
    expect(matches).toMatchObject([
      { advisoryId: 'DSA-1-1', severity: 'medium' },
      { advisoryId: 'DSA-2-1', severity: null },
    ]);
  });

  it('never offers a fix that is older than the installed version or affected itself', () => {
    const version = fc.integer({ min: 1, max: 20 }).map((number) => `1.${number}`);
    const entry = fc
      .array(fc.tuple(version, version), { minLength: 1, maxLength: 4 })
      .map((pairs) => candidate(pairs.flatMap(([introduced, fixed]) => [{ introduced }, { fixed }])));
    fc.assert(
      fc.property(version, fc.array(entry, { minLength: 1, maxLength: 3 }), (current, entries) => {
        const [match] = matchPackage(installed(current), key, entries);
        if (match?.fix.version === undefined) return;
        expect(Number(match.fix.version.slice(2))).toBeGreaterThan(Number(current.slice(2)));
        expect(matchPackage(installed(match.fix.version), key, entries)).toEqual([]);
      }),
    );
  });

  const rpm = (name: string, version: string, parts: Partial<PackageRecord> = {}): PackageRecord =>
    installed(version, { type: 'rpm', name, version, ...parts });
  const alma = { ecosystem: 'AlmaLinux', release: '8' };
  const nodejs = { ...alma, name: 'nodejs', module: 'nodejs:18' };

  it.each<[string, PackageRecord, Partial<AdvisoryCandidate>, number]>([
    ['its module', rpm('nodejs', '1:18.1-1.module_el8+1', { qualifiers: { modularity: 'nodejs:18' } }), nodejs, 1],
    [
      'another stream of its module',
      rpm('nodejs', '1:18.1-1.module_el8+1', { qualifiers: { modularity: 'nodejs:18' } }),
      { ...nodejs, module: 'nodejs:20' },
      0,
    ],
    [
      'some module',
      rpm('nodejs', '1:18.1-1.module_el8+1', { qualifiers: { modularity: 'nodejs:18' } }),
      { ...nodejs, module: '' },
      1,
    ],
    ['a module, and it does not say of which it is', rpm('nodejs', '1:18.1-1.module_el8+1'), nodejs, 1],
    ['a module, and it is of none', rpm('nodejs', '1:18.1-1.el8'), nodejs, 0],
    ['no module, and it is of one', rpm('nodejs', '1:18.1-1.module_el8+1'), { ...alma, name: 'nodejs' }, 0],
    ['its binary', rpm('nodejs', '1'), { ...alma, name: 'nodejs', binaries: ['nodejs'] }, 1],
    ['another binary of its source', rpm('nodejs', '1'), { ...alma, name: 'nodejs', binaries: ['npm'] }, 0],
  ])('evaluates an entry about %s: %#', (_, pkg, parts, count) => {
    const entry = fixedAt('1:20.0-1', parts);
    expect(matchPackage(pkg, { ...alma, names: ['nodejs'] }, [entry])).toHaveLength(count);
  });

  it('compares the version that belongs to the name', () => {
    const perl = { name: 'perl', version: '4:5.26.3-419.el8' };
    const pkg = rpm('perl-libs', '4:5.26.3-419.el8', { source: perl });
    const key = { ecosystem: 'Rocky Linux', release: '8', names: ['perl-libs', 'perl'] };
    const [match] = matchPackage(
      { ...pkg, name: 'perl-Errno', version: '1.28-419.el8' },
      { ...key, names: ['perl-Errno', 'perl'] },
      [fixedAt('4:5.26.3-420.el8', { ecosystem: 'Rocky Linux', release: '8', name: 'perl' })],
    );
    expect(match?.evidence).toMatchObject({ comparedName: 'perl', comparedVersion: perl.version });
  });

  const jammy = { ecosystem: 'Ubuntu', release: '22.04:LTS' };
  const pro = { ...jammy, stream: 'Pro' };

  it('prefers Pro for packages built for Pro', () => {
    const entries = [candidate([{ introduced: '0' }], jammy), fixedAt('1.0-1ubuntu2+esm1', pro)];
    const match = (version: string) => matchPackage(installed(version), { ...jammy, names: ['openssl'] }, entries);
    expect(match('1.0-1ubuntu2+esm1')).toEqual([]);
    expect(match('1.0-1ubuntu1+esm1')).toMatchObject([{ fix: { version: '1.0-1ubuntu2+esm1' } }]);
    expect(match('1.0-1ubuntu2')).toMatchObject([
      { fix: { state: 'not-fixed' }, evidence: { fixedBeyond: 'Pro 1.0-1ubuntu2+esm1' } },
    ]);
  });

  it('reports that a fix needs Pro', () => {
    const entry = fixedAt('1.0-1ubuntu2+esm1', pro);
    expect(matchPackage(installed('1.0-1ubuntu2'), { ...jammy, names: ['openssl'] }, [entry])).toMatchObject([
      { state: 'affected', fix: { state: 'wont-fix' }, evidence: { fixedBeyond: 'Pro 1.0-1ubuntu2+esm1' } },
    ]);
  });

  it('prefers the advisory of an extended release for its packages', () => {
    const redHat = { ecosystem: 'Red Hat', release: '9', name: 'openssl' };
    const about = (id: string, ...aliases: string[]) => ({ ...advisory(id), aliases });
    const base = fixedAt('1:3.0.7-24.el9_4', {
      ...redHat,
      advisory: about('RHSA-2', 'CVE-2024-1111', 'CVE-2024-2222'),
    });
    const eus = fixedAt('1:3.0.7-18.el9_2', {
      ...redHat,
      stream: 'rhel_eus:9.2::baseos',
      advisory: about('RHSA-1', 'CVE-2024-1111'),
    });
    const match = (version: string) =>
      matchPackage(rpm('openssl', version), { ...redHat, names: ['openssl'] }, [base, eus]).map(
        ({ advisoryId, vulnerabilityIds }) => [advisoryId, ...vulnerabilityIds],
      );
    expect(match('1:3.0.7-18.el9_2')).toEqual([['RHSA-2', 'CVE-2024-2222']]);
    expect(match('1:3.0.7-16.el9_2')).toEqual([
      ['RHSA-2', 'CVE-2024-1111', 'CVE-2024-2222'],
      ['RHSA-1', 'CVE-2024-1111'],
    ]);
    expect(match('1:3.0.7-16.el9')).toEqual([['RHSA-2', 'CVE-2024-1111', 'CVE-2024-2222']]);
  });

  it('names advisories that disagree', () => {
    const pypi = { ecosystem: 'PyPI', release: null, name: 'django' };
    const about = (id: string) => ({ ...advisory(id), vulnerabilityId: 'CVE-2024-1111' });
    const entries = [
      fixedAt('4.2', { ...pypi, advisory: about('GHSA-1') }),
      fixedAt('4.1', { ...pypi, advisory: about('PYSEC-1') }),
    ];
    const pkg = installed('4.1.5', { type: 'pypi', name: 'Django', version: '4.1.5' });
    expect(matchPackage(pkg, { ecosystem: 'PyPI', release: null, names: ['django'] }, entries)).toMatchObject([
      { advisoryId: 'GHSA-1', evidence: { range: '< 4.2', disagreeing: ['PYSEC-1'] } },
    ]);
  });

  it.each([
    ['1.0', '1.0.0', 1],
    ['1.0', '1.1', 0],
  ])('finds PyPI %s in a list with %s: %i', (version, listed, count) => {
    const pypi = { ecosystem: 'PyPI', release: null, name: 'django' };
    const entry = candidate([], { ...pypi, ranges: [], versions: [listed] });
    const pkg = installed(version, { type: 'pypi', name: 'django', version });
    expect(matchPackage(pkg, { ecosystem: 'PyPI', release: null, names: ['django'] }, [entry])).toHaveLength(count);
  });

  it.each(['(devel)', 'unknown'])('is unknown for version %s unless all versions are affected', (version) => {
    const go = { ecosystem: 'Go', release: null, name: 'example.com/a' };
    const pkg = installed(version, { type: 'golang', name: 'example.com/a', version });
    const key = { ecosystem: 'Go', release: null, names: ['example.com/a'] };
    expect(matchPackage(pkg, key, [fixedAt('1.2.3', go)])).toMatchObject([
      { state: 'unknown', evidence: { range: '< 1.2.3' } },
    ]);
    expect(matchPackage(pkg, key, [candidate([], { ...go, ranges: [], versions: ['1.0.0'] })])).toMatchObject([
      { state: 'unknown' },
    ]);
  });

  it('never matches a package that was never affected', () => {
    const alpine = { ecosystem: 'Alpine', release: 'v3.20' };
    const entry = candidate([{ introduced: '0' }, { fixed: '0' }], alpine);
    const key = { ...alpine, names: ['openssl'] };
    expect(matchPackage(installed('1.0-r0', { type: 'apk' }), key, [entry])).toEqual([]);
    expect(matchPackage(installed('not a version', { type: 'apk' }), key, [entry])).toEqual([]);
  });
});
