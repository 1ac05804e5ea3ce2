import { groupUnfixed, unfixedCsv, type UnfixedRow } from './unfixed.js';

const row = (over: Partial<UnfixedRow>): UnfixedRow => ({
  ...{
    owner: 'team-shop',
    repository: 'shop/cart',
    vulnerability: 'CVE-2026-1',
    severity: 'high',
    kev: false,
    epss: null,
  },
  ...{ package: 'openssl', installed: ['3.0.1'], fix: '3.0.14', images: 1, running: true },
  ...{ since: '2026-11-01T08:00:00.000Z', days: 28, limitDays: 30 },
  ...over,
});

describe('groupUnfixed', () => {
  it('puts the group with the worst findings first, and its oldest ones above newer ones', () => {
    const groups = groupUnfixed(
      [
        row({ repository: 'a', vulnerability: 'new', days: 1 }),
        row({ repository: 'a', vulnerability: 'old', days: 90, fix: null }),
        row({ repository: 'b', severity: 'critical', days: 3 }),
        row({ repository: 'a', vulnerability: 'exploited', days: 2, kev: true }),
      ],
      'repository',
    );
    expect(groups.map(({ rows: _, ...numbers }) => numbers)).toEqual([
      { name: 'b', counts: { critical: 1 }, fixable: 1, oldest: 3, overdue: 0 },
      { name: 'a', counts: { high: 3 }, fixable: 2, oldest: 90, overdue: 1 },
    ]);
    expect(groups[1]!.rows.map(({ vulnerability }) => vulnerability)).toEqual(['exploited', 'old', 'new']);
  });

  it.each([
    [30, 30, 0],
    [31, 30, 1],
    [1, 0, 1],
    [900, null, 0],
  ])('counts %s days with a limit of %s as %s overdue', (days, limitDays, overdue) => {
    expect(groupUnfixed([row({ days, limitDays })], 'owner')).toMatchObject([{ overdue }]);
  });

  it('has a group for what no owner has', () => {
    expect(groupUnfixed([row({ owner: null }), row({})], 'owner').map(({ name }) => name)).toEqual([null, 'team-shop']);
    expect(groupUnfixed([], 'owner')).toEqual([]);
  });
});

describe('unfixedCsv', () => {
  it('has a line for each row, and no text that a spreadsheet would run', () => {
    const hostile = row({ owner: null, package: '=cmd()', installed: ['1', '2,0'], fix: null });
    const lines = unfixedCsv(groupUnfixed([hostile], 'repository')).split('\r\n');
    expect(lines).toEqual([
      'owner,repository,vulnerability,severity,kev,epss,package,installed,fix,images,running,since,days,limitDays',
      `,shop/cart,CVE-2026-1,high,false,,'=cmd(),"1 2,0",,1,true,2026-11-01,28,30`,
      '',
    ]);
  });
});
