import { reportAlert, reportMessage, type ReportNumbers } from './report-message.js';

const now = new Date('2026-11-30T08:00:00Z');
const report: ReportNumbers = {
  ...{
    id: '3f1c6a2e-0000-4000-8000-000000000001',
    name: 'unfixed',
    by: 'owner',
    query: 'severity>=high',
    limits: null,
  },
  total: 5,
  asOf: new Date('2026-11-30T07:59:00Z'),
  groups: [
    { name: 'team-shop', counts: { critical: 1, high: 3 }, fixable: 2, oldest: 90, overdue: 2 },
    { name: null, counts: { high: 1 }, fixable: 0, oldest: 1, overdue: 0 },
  ],
};

describe('reportMessage', () => {
  it('has the numbers of each group, and links to the rows', () => {
    const message = reportMessage(report, 'https://t.example/base', now);
    expect(message).toMatchObject({
      status: 'firing',
      severity: 'critical',
      title: 'Report unfixed · 5 unfixed findings of 2 owners',
      summary: '1 critical, 4 high. The oldest is 90 days old; 2 over the limit.',
      links: [
        { url: `https://t.example/base/report/${report.id}` },
        { url: `https://t.example/base/api/v1/report-runs/${report.id}/csv` },
      ],
    });
    expect(message.sections[0]!.items).toMatchObject([
      {
        severity: 'critical',
        text: 'team-shop',
        detail: '1 critical and 3 high · 2 fixable · oldest 90 days · 2 over the limit',
      },
      { severity: 'high', text: 'Without an owner', detail: '1 high · 0 fixable · oldest 1 day' },
    ]);
  });

  it('says that nothing is unfixed', () => {
    const message = reportMessage({ ...report, groups: [], total: 0 }, 'https://t.example', now);
    expect(message).toMatchObject({ status: 'resolved', title: 'Report unfixed · nothing is unfixed', sections: [] });
  });

  it.each([
    [null, 'No scanner has evaluated the fleet yet.'],
    [
      new Date('2026-11-27T08:00:00Z'),
      'No scanner has evaluated the fleet since 2026-11-27 08:00 UTC: what came since is missing.',
    ],
  ])('does not say that nothing is unfixed when the fleet was evaluated at %s', (asOf, age) => {
    const empty = reportMessage({ ...report, groups: [], total: 0, asOf }, 'https://t.example', now);
    expect(empty).toMatchObject({ status: 'firing', title: 'Report unfixed · not up to date', summary: age });
    const some = reportMessage({ ...report, asOf }, 'https://t.example', now);
    expect(some.summary).toBe(`${age} 1 critical, 4 high. The oldest is 90 days old; 2 over the limit.`);
  });

  it('names the limits that the report was made with', () => {
    const { facts } = reportMessage({ ...report, limits: 'repositories shop/*' }, 'https://t.example', now);
    expect(facts).toContainEqual({ label: 'Limited to', value: 'repositories shop/*' });
  });
});

describe('reportAlert', () => {
  it('has the run by which its file is found', () => {
    expect(reportAlert(report, now)).toMatchObject({ labels: { kind: 'report', report: 'unfixed', run: report.id } });
  });
});
