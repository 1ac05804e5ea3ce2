import type { AdvisorySummary, PackageRecord } from '@tidewaiter/domain';
import * as fc from 'fast-check';

import { matchPackage } from './match-package.js';
import type { AdvisoryCandidate } from './match-package.js';
import type { VersionEvent } from './ranges.js';

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
  ])('looks at an entry about %s: %#', (_, parts, count) => {
    expect(matchPackage(installed('1.0'), key, [candidate([{ introduced: '0' }], parts)])).toHaveLength(count);
  });

  it('does not take a bare Alpine for all releases: other vendors publish under that name', () => {
    const bare = candidate([{ introduced: '0' }], { ecosystem: 'Alpine', release: null });
    expect(
      matchPackage(installed('1.0', { type: 'apk' }), { ...key, ecosystem: 'Alpine', release: 'v3.20' }, [bare]),
    ).toEqual([]);
  });

  it.each<[string, AdvisoryCandidate[], object]>([
    ['no fix is named', [candidate([{ introduced: '0' }])], { state: 'not-fixed' }],
    ['nobody will fix it', [candidate([{ introduced: '0' }], { unfixed: 'wont-fix' })], { state: 'wont-fix' }],
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
  ])('says unknown when %s cannot be read', (_, version, entry) => {
    expect(matchPackage(installed(version), key, [entry])).toMatchObject([
      { advisoryId: 'DSA-1-1', state: 'unknown', fix: { state: 'unknown' }, severity: null },
    ]);
  });

  it('says affected when all versions are, whatever the version is', () => {
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
});
