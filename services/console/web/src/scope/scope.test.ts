import { exceptionsText } from './scope-exceptions.js';
import { scopedQuery, scopeOf, scopeSearch } from './scope.js';

describe('scopeOf', () => {
  it('reads the parameters that are set', () => {
    expect(scopeOf({ 'scope.cluster': 'eu1', 'scope.owner': undefined })).toEqual({ cluster: 'eu1' });
  });

  it('reads what scopeSearch wrote', () => {
    const scope = { namespace: 'shop', repository: 'shop/*' };
    expect(scopeOf(scopeSearch(scope))).toEqual(scope);
  });
});

describe('scopedQuery', () => {
  const scope = { cluster: 'eu1', owner: 'team shop' };

  it('limits a query by the fields that its list knows, and names the others', () => {
    expect(scopedQuery(scope, new Set(['owner']), 'kev or fixable')).toEqual({
      q: 'owner="team shop" (kev or fixable)',
      missing: ['cluster'],
    });
    expect(scopedQuery(scope, new Set(['owner', 'cluster']), undefined)).toEqual({
      q: 'cluster=eu1 owner="team shop"',
      missing: [],
    });
    expect(scopedQuery({ cluster: 'eu1' }, new Set(['cluster']), '')).toMatchObject({ q: 'cluster=eu1' });
  });

  it.each([
    [{}, ['cluster']],
    [scope, ['rule']],
  ])('leaves a query as it is under %j where the list knows %j', (given, known) => {
    expect(scopedQuery(given, new Set(known), 'a or b').q).toBe('a or b');
    expect(scopedQuery(given, new Set(known), undefined).q).toBeUndefined();
  });
});

describe('exceptionsText', () => {
  const scope = { cluster: 'eu1', repository: 'shop/app' };

  it.each([
    [[], 'The scope does not apply to this page'],
    [[{ name: 'rules', missing: ['cluster', 'repository'] as const }], 'The scope does not apply to this page'],
    [[{ name: 'vulnerabilities', missing: [] }], null],
    [
      [
        { name: 'incidents', missing: ['repository'] as const },
        { name: 'pushes', missing: ['cluster'] as const },
        { name: 'charts', missing: ['cluster', 'repository'] as const },
      ],
      'cluster does not apply to pushes, charts; repository does not apply to incidents, charts',
    ],
  ])('of %j is %j', (parts, text) => {
    expect(exceptionsText(scope, parts)).toBe(text);
  });
});
