import { withinLimit } from './image-matching.js';

const packages = ['a', 'b', 'c'].map((id) => ({ id }));
const matchesOf = (...ids: string[]) => ids.map((packageId, index) => ({ packageId, index }));

describe('withinLimit', () => {
  it('returns all matches at the limit', () => {
    const matches = matchesOf('a', 'a', 'c');
    expect(withinLimit(packages, matches, 3)).toEqual({ packages, matches });
  });

  it('defers the package that exceeds the limit and all later ones', () => {
    const matches = matchesOf('a', 'a', 'b', 'b', 'c');
    expect(withinLimit(packages, matches, 3)).toEqual({ packages: [{ id: 'a' }], matches: matchesOf('a', 'a') });
  });

  it('counts packages without a match as compared', () => {
    expect(withinLimit(packages, matchesOf('c', 'c'), 1)).toEqual({ packages: packages.slice(0, 2), matches: [] });
  });

  it('stops reading at the limit', () => {
    let read = 0;
    function* endless() {
      for (;;) {
        read += 1;
        yield { packageId: 'a' };
      }
    }
    expect(withinLimit(packages, endless(), 10)).toEqual({ packages: [], matches: [] });
    expect(read).toBe(11);
  });
});
