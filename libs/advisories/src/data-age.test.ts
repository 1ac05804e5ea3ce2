import * as fc from 'fast-check';

import {
  exploitationAges,
  isTooOld,
  oldestOf,
  type SourceAge,
  sourceAges,
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
const limit = (usualMs: number) => ({ usualMs, named: {} });

describe('sourceAges', () => {
  it('dates an ecosystem by its own feed, else by the oldest feed of records', () => {
    expect(sourceAges(feeds, ['npm', 'Debian', 'npm'])).toEqual([
      { ecosystem: 'Debian', source: 'Alpine', asOf: '2022-09-01T00:00:00Z' },
      { ecosystem: 'npm', source: 'npm', asOf: '2026-05-30T00:00:00Z' },
    ]);
    expect(sourceAges([], ['npm'])).toEqual([]);
    expect(oldestOf(sourceAges(feeds, ['npm', 'Alpine']))).toBe('2022-09-01T00:00:00Z');
    expect(oldestOf([])).toBeNull();
  });

  it('dates programs by both feeds about them, the older one first', () => {
    const both = [
      ...feeds,
      { name: 'NVD', asOf: '2026-05-25T00:00:00Z' },
      { name: 'Bitnami', asOf: '2026-05-20T00:00:00Z' },
    ];
    expect(sourceAges(both, ['Program']).map(({ source }) => source)).toEqual(['Bitnami', 'NVD']);
  });
});

describe('isTooOld', () => {
  it('takes the limit of the source, then that of the ecosystem, then the usual one', () => {
    const age = { ecosystem: 'Red Hat', source: 'Red Hat VEX', asOf: '2026-05-25T00:00:00Z' };
    const [week, fortnight] = [7 * 86_400_000, 14 * 86_400_000];
    expect(isTooOld(age, now, { usualMs: week, named: {} })).toBe(false);
    expect(isTooOld(age, now, { usualMs: fortnight, named: { 'Red Hat': week - 1 } })).toBe(true);
    expect(isTooOld(age, now, { usualMs: 1, named: { 'Red Hat': 1, 'Red Hat VEX': week } })).toBe(false);
  });
});

describe('staleAdvisories', () => {
  it('warns about each ecosystem by the date of its data', () => {
    const ages = sourceAges(feeds, ['npm', 'Alpine']);
    expect(staleAdvisories(ages, now).map(({ message }) => message)).toEqual([
      'advisories for Alpine are as of 2022-09-01T00:00:00Z, 1369 days ago, and may be 7 days old at most: newer vulnerabilities are missing',
    ]);
    expect(staleAdvisories(ages, now, limit(3_600_000))).toHaveLength(2);
    expect(staleAdvisories(ages, now, limit(Infinity))).toEqual([]);
  });
});

describe('staleAdvisories of several sources', () => {
  const two = [
    { name: 'Red Hat', asOf: '2026-05-31T00:00:00Z' },
    { name: 'Red Hat VEX', asOf: '2026-05-20T00:00:00Z' },
  ];
  const ages = sourceAges(two, ['Red Hat']);

  it('names the one that is too old', () => {
    expect(staleAdvisories(ages, now).map(({ message }) => message)).toEqual([
      'advisories for Red Hat from Red Hat VEX are as of 2026-05-20T00:00:00Z, 12 days ago, and may be 7 days old at most: newer vulnerabilities are missing',
    ]);
  });

  it.each([
    [{ 'Red Hat VEX': 20 * 86_400_000 }, 0],
    [{ 'Red Hat': 20 * 86_400_000 }, 0],
    [{ 'Red Hat': 3_600_000, 'Red Hat VEX': 20 * 86_400_000 }, 1],
    [{ Debian: 20 * 86_400_000 }, 1],
  ])('applies the limits %j by source, else by ecosystem', (named, count) => {
    expect(staleAdvisories(ages, now, { usualMs: 7 * 86_400_000, named })).toHaveLength(count);
  });
});

describe('staleExploitation', () => {
  it('warns about KEV and EPSS by name, and about no source that was never read', () => {
    expect(staleExploitation(exploitationAges(feeds), now).map(({ message }) => message)).toEqual([
      'EPSS is as of 2020-01-01T00:00:00Z, 2343 days ago, and may be 7 days old at most: newer exploitation is missing',
      'KEV is as of 2020-01-01T00:00:00Z, 2343 days ago, and may be 7 days old at most: newer exploitation is missing',
    ]);
    expect(staleExploitation(exploitationAges([]), now)).toEqual([]);
    expect(staleExploitation(exploitationAges(feeds), now, limit(Infinity))).toEqual([]);
  });
});

describe('staleWarningsChangeAt', () => {
  const warnings = (ages: readonly SourceAge[], at: Date, maxAgeMs: number) =>
    JSON.stringify(staleAdvisories(ages, at, limit(maxAgeMs)));

  it('is the first moment at which a warning is another one', () => {
    const ages = fc.array(
      fc.integer({ min: -5 * 86_400_000, max: 20 * 86_400_000 }).map((ageMs) => ({
        ...{ ecosystem: 'npm', source: 'npm' },
        asOf: new Date(now.getTime() - ageMs).toISOString(),
      })),
      { minLength: 1, maxLength: 3 },
    );
    const maxAges = fc.oneof(fc.integer({ min: 0, max: 10 * 86_400_000 }), fc.constantFrom(0, 1_800_000, 86_400_000));
    fc.assert(
      fc.property(ages, maxAges, fc.double({ min: 0, max: 1, noNaN: true }), (each, maxAgeMs, share) => {
        const at = staleWarningsChangeAt(each, now, limit(maxAgeMs))!;
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
    expect(
      staleWarningsChangeAt([{ ecosystem: 'npm', source: 'npm', asOf: now.toISOString() }], now, limit(Infinity)),
    ).toBeNull();
  });
});
