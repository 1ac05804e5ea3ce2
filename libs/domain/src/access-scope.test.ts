import { limitingScopes } from './access-scope.js';

describe('limitingScopes', () => {
  it('adds missing dimensions to scopes as empty lists', () => {
    expect(limitingScopes([{ repositories: ['shop/*'] }, { clusters: [], owners: ['team'] }])).toEqual([
      { repositories: ['shop/*'], clusters: [], namespaces: [], owners: [] },
      { repositories: [], clusters: [], namespaces: [], owners: ['team'] },
    ]);
  });

  it('has no limits where one scope has none', () => {
    expect(limitingScopes([{ repositories: ['shop/*'] }, { clusters: [] }])).toBeNull();
    expect(limitingScopes([{}])).toBeNull();
  });

  it('keeps a list without a scope, which holds nothing', () => {
    expect(limitingScopes([])).toEqual([]);
  });
});
