import * as fc from 'fast-check';

import {
  ecosystemAges,
  exploitationAges,
  oldestOf,
  staleAdvisories,
  staleExploitation,
  staleWarningsChangeAt,
} from './data-age.js';

const feeds = [
  { name: 'Alpine', asOf: '2022-09-01T00:00:00Z' },
  { name: 'EPSS', asOf: '2020-01-01T00:00:00Z' },
  { name: 'KEV', asOf: '2020-01-01T00:00:00Z' },
  { name: 'npm', asOf: '2026-05-30T00:00:00Z' },
];
const now = new Date('2026-06-01T00:00:00Z');

describe('ecosystemAges', () => {
  it('dates an ecosystem by its own feed, else by the oldest feed of records', () => {
    expect(ecosystemAges(feeds, ['npm', 'Debian', 'npm'])).toEqual([
      { ecosystem: 'Debian', asOf: '2022-09-01T00:00:00Z' },
      { ecosystem: 'npm', asOf: '2026-05-30T00:00:00Z' },
    ]);
    expect(ecosystemAges([], ['npm'])).toEqual([]);
    expect(oldestOf(ecosystemAges(feeds, ['npm', 'Alpine']))).toBe('2022-09-01T00:00:00Z');
    expect(oldestOf([])).toBeNull();
  });
});

describe('ecosystemAges of programs', () => {
  it('takes the older of the two feeds about them', () => {
    const both = [
      ...feeds,
      { name: 'NVD', asOf: '2026-05-20T00:00:00Z' },
      { name: 'Bitnami', asOf: '2026-05-25T00:00:00Z' },
    ];
    expect(ecosystemAges(both, ['Program'])).toEqual([{ ecosystem: 'Program', asOf: '2026-05-20T00:00:00Z' }]);
  });
});

describe('staleAdvisories', () => {
  it('warns about each ecosystem by the date of its data', () => {
    const ages = ecosystemAges(feeds, ['npm', 'Alpine']);
    expect(staleAdvisories(ages, now).map(({ message }) => message)).toEqual([
      'advisories for Alpine are as of 2022-09-01T00:00:00Z, 1369 days ago, and may be 7 days old at most: newer vulnerabilities are missing',
    ]);
    expect(staleAdvisories(ages, now, 3_600_000)).toHaveLength(2);
    expect(staleAdvisories(ages, now, Infinity)).toEqual([]);
  });
});

describe('staleExploitation', () => {
  it('warns about KEV and EPSS by name, and about no source that was never read', () => {
    expect(staleExploitation(exploitationAges(feeds), now).map(({ message }) => message)).toEqual([
      'EPSS is as of 2020-01-01T00:00:00Z, 2343 days ago, and may be 7 days old at most: newer exploitation is missing',
      'KEV is as of 2020-01-01T00:00:00Z, 2343 days ago, and may be 7 days old at most: newer exploitation is missing',
    ]);
    expect(staleExploitation(exploitationAges([]), now)).toEqual([]);
    expect(staleExploitation(exploitationAges(feeds), now, Infinity)).toEqual([]);
  });
});

describe('staleWarningsChangeAt', () => {
  const warnings = (ages: readonly { ecosystem: string; asOf: string }[], at: Date, maxAgeMs: number) =>
    JSON.stringify(staleAdvisories(ages, at, maxAgeMs));

  it('is the first moment at which a warning is another one', () => {
    const ages = fc.array(
      fc.integer({ min: -5 * 86_400_000, max: 20 * 86_400_000 }).map((ageMs) => ({
        ecosystem: 'npm',
        asOf: new Date(now.getTime() - ageMs).toISOString(),
      })),
      { minLength: 1, maxLength: 3 },
    );
    const maxAges = fc.oneof(fc.integer({ min: 0, max: 10 * 86_400_000 }), fc.constantFrom(0, 1_800_000, 86_400_000));
    fc.assert(
      fc.property(ages, maxAges, fc.double({ min: 0, max: 1, noNaN: true }), (each, maxAgeMs, share) => {
        const at = staleWarningsChangeAt(each, now, maxAgeMs)!;
        const restMs = at.getTime() - now.getTime();
        expect(restMs).toBeGreaterThan(0);
        for (const ms of [Math.floor((restMs - 1) * share), restMs - 1])
          expect(warnings(each, new Date(now.getTime() + ms), maxAgeMs)).toBe(warnings(each, now, maxAgeMs));
        expect(warnings(each, at, maxAgeMs)).not.toBe(warnings(each, now, maxAgeMs));
      }),
      { numRuns: 500 },
    );
  });

  it('is never without a source, or without a limit', () => {
    expect(staleWarningsChangeAt([], now)).toBeNull();
    expect(staleWarningsChangeAt([{ ecosystem: 'npm', asOf: now.toISOString() }], now, Infinity)).toBeNull();
  });
});
