import { scopesOf, textsOf } from './limit-texts.js';

const none = { repositories: [], clusters: [], namespaces: [], owners: [] };
const empty = { repositories: '', clusters: '', namespaces: '', owners: '' };

describe('texts of limits', () => {
  it('are those of each part, with a pattern on each line', () => {
    const scopes = [
      { ...none, repositories: ['shop/*', 'base/*'] },
      { ...none, clusters: ['eu1'], namespaces: ['shop'] },
    ];
    const texts = textsOf(scopes);
    expect(texts).toEqual([
      { ...empty, repositories: 'shop/*\nbase/*' },
      { ...empty, clusters: 'eu1', namespaces: 'shop' },
    ]);
    expect(scopesOf(texts)).toEqual(scopes);
  });

  it('have one part to fill in where there are no limits', () => {
    expect(textsOf(null)).toEqual([empty]);
    expect(textsOf([])).toEqual([empty]);
  });

  it('limit nothing without a pattern, and leave out empty parts: one would lift the others', () => {
    expect(scopesOf([empty, { ...empty, owners: ' \n' }])).toBeNull();
    expect(scopesOf([empty, { ...empty, owners: ' team-shop \n\n' }])).toEqual([{ ...none, owners: ['team-shop'] }]);
  });
});
