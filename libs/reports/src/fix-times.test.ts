import * as fc from 'fast-check';

import { type ExposureSpan, fixTimesCsv, groupFixTimes, outcomeOf, percentileDays } from './fix-times.js';

const from = new Date('2026-11-01T00:00:00Z');
const at = (day: number) => new Date(Date.UTC(2026, 10, day));

const span = (over: Partial<ExposureSpan>): ExposureSpan => ({
  ...{ owner: 'team-shop', repository: 'shop/cart', severity: 'high', since: at(1), gone: at(11), days: 10, count: 1 },
  ...{ isSinceKnown: true, isGoneKnown: true },
  ...over,
});

describe('outcomeOf', () => {
  it.each([
    ['open', { gone: null, isSinceKnown: true, isGoneKnown: true }],
    ['open', { gone: null, isSinceKnown: false, isGoneKnown: true }],
    ['earlier', { gone: new Date('2026-10-31T23:59:59Z'), isSinceKnown: true, isGoneKnown: true }],
    ['fixed', { gone: from, isSinceKnown: true, isGoneKnown: true }],
    ['unknown', { gone: from, isSinceKnown: false, isGoneKnown: true }],
    ['unknown', { gone: from, isSinceKnown: true, isGoneKnown: false }],
  ] as const)('returns %s for %j', (outcome, given) => {
    expect(outcomeOf(given, from)).toBe(outcome);
  });
});

describe('percentileDays', () => {
  it('returns the lowest number of days that its share of vulnerabilities took at most', () => {
    const spans = fc.array(fc.record({ days: fc.nat(400), count: fc.integer({ min: 1, max: 5 }) }), { minLength: 1 });
    fc.assert(
      fc.property(spans, fc.constantFrom(0.1, 0.5, 0.9, 1), (some, share) => {
        const days = some.flatMap((each) => Array.from({ length: each.count }, () => each.days));
        const found = percentileDays(some, share)!;
        expect(days).toContain(found);
        expect(days.filter((each) => each <= found).length).toBeGreaterThanOrEqual(share * days.length);
        expect(days.filter((each) => each < found).length).toBeLessThan(share * days.length);
      }),
    );
    expect(percentileDays([], 0.5)).toBeNull();
  });
});

describe('groupFixTimes', () => {
  const question = { by: 'repository', from, limits: { critical: 7, high: 30 } } as const;

  it('measures fixes of known length alone, and counts the others with the day of their history', () => {
    const [group] = groupFixTimes(
      [
        span({ days: 2, count: 3 }),
        span({ days: 40, since: at(-29) }),
        span({ isSinceKnown: false, since: at(5), count: 2 }),
        span({ isGoneKnown: false, gone: at(9) }),
        span({ gone: at(-1) }),
        span({ gone: null, days: 31, count: 4 }),
        span({ gone: null, days: 30 }),
        span({ severity: 'low', gone: null, days: 500 }),
      ],
      question,
    );
    expect(group).toEqual({
      name: 'shop/cart',
      severities: [
        {
          ...{ severity: 'high', fixed: 4, medianDays: 2, p90Days: 40, unknown: 3, unknownBefore: '2026-11-09' },
          ...{ open: 5, limitDays: 30, overdue: 4, oldestDays: 31 },
        },
        {
          ...{ severity: 'low', fixed: 0, medianDays: null, p90Days: null, unknown: 0, unknownBefore: null },
          ...{ open: 1, limitDays: null, overdue: 0, oldestDays: 500 },
        },
      ],
    });
  });

  it('puts the group with most that is overdue first, and leaves out one without figures', () => {
    const late = { gone: null, days: 99 } as const;
    const spans = [
      span({ repository: 'b', ...late, count: 2 }),
      span({ repository: 'a' }),
      span({ repository: 'c', ...late, count: 3, owner: null }),
      span({ repository: 'd', gone: at(-1) }),
    ];
    expect(groupFixTimes(spans, question).map(({ name }) => name)).toEqual(['c', 'b', 'a']);
    expect(groupFixTimes(spans, { ...question, by: 'owner' }).map(({ name }) => name)).toEqual([null, 'team-shop']);
  });

  it('loses no vulnerability and counts none twice', () => {
    const spans = fc.array(
      fc.record({
        ...{ owner: fc.constantFrom(null, 'a', 'b'), repository: fc.constantFrom('x', 'y') },
        ...{ severity: fc.constantFrom('critical', 'high', 'unknown'), since: fc.constant(at(1)) },
        ...{ gone: fc.constantFrom(null, at(-5), at(3)), days: fc.nat(100), count: fc.integer({ min: 1, max: 9 }) },
        ...{ isSinceKnown: fc.boolean(), isGoneKnown: fc.boolean() },
      }) as fc.Arbitrary<ExposureSpan>,
    );
    fc.assert(
      fc.property(spans, fc.constantFrom('owner', 'repository'), (some, by) => {
        const figures = groupFixTimes(some, { ...question, by }).flatMap((group) => group.severities);
        const counted = figures.reduce((sum, { fixed, unknown, open }) => sum + fixed + unknown + open, 0);
        const wanted = some.filter(({ gone }) => gone === null || gone >= from);
        expect(counted).toBe(wanted.reduce((sum, { count }) => sum + count, 0));
        for (const { overdue, open, medianDays, p90Days } of figures) {
          expect(overdue).toBeLessThanOrEqual(open);
          if (medianDays !== null) expect(medianDays).toBeLessThanOrEqual(p90Days!);
        }
      }),
    );
  });
});

describe('fixTimesCsv', () => {
  it('has a line for each group and severity, and no text that a spreadsheet would run', () => {
    const groups = groupFixTimes([span({ repository: '=cmd()' })], { by: 'repository', from, limits: { high: 30 } });
    expect(fixTimesCsv('repository', groups).split('\r\n')).toEqual([
      'repository,severity,fixed,medianDays,p90Days,unknown,unknownBefore,open,limitDays,overdue,oldestDays',
      `'=cmd(),high,1,10,10,0,,0,30,0,`,
      '',
    ]);
  });
});
