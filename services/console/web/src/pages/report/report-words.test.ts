import { daysText, placesText, rightsText, staleText } from './report-words.js';

describe('words of reports', () => {
  it.each([
    ['repository', 1, 'in one repository'],
    ['repository', 1_200, 'in 1,200 repositories'],
    ['owner', 1, 'of one owner'],
    ['owner', 2, 'of 2 owners'],
  ] as const)('count by %s: %i', (by, count, text) => {
    expect(placesText(by, count)).toBe(text);
  });

  it('name the limits of a report, if it has any', () => {
    const settings = { by: 'owner', query: '', receiver: 'team', scopes: null } as const;
    const scope = { repositories: ['shop/*', 'base/*'], clusters: [], namespaces: ['shop'], owners: [] };
    expect(rightsText({ settings })).toBe('');
    expect(rightsText({ settings: null })).toBe('');
    expect(rightsText({ settings: { ...settings, scopes: [scope] } })).toBe(
      ', limited to repositories shop/*, base/*; namespaces shop',
    );
  });

  it('say when the fleet was evaluated last, if that is long ago', () => {
    const at = '2026-11-30T08:00:00Z';
    expect(staleText('2026-11-30T07:30:00Z', at)).toBeNull();
    expect(staleText('2026-11-27T08:00:00Z', at)).toMatch(/^No scanner has evaluated the fleet since .*27.*missing\.$/);
    expect(staleText(null, at)).toBe('No scanner has evaluated the fleet yet.');
  });

  it('count days, with one in the singular', () => {
    expect([0, 1, 1_000].map(daysText)).toEqual(['0 days', '1 day', '1,000 days']);
  });
});
