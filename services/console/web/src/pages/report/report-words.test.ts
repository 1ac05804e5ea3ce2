import { daysText, placesText, rightsText } from './report-words.js';

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

  it('count days, with one in the singular', () => {
    expect([0, 1, 1_000].map(daysText)).toEqual(['0 days', '1 day', '1,000 days']);
  });
});
