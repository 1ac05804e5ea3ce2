import * as fc from 'fast-check';

import { PathIndex } from './path-index.js';

const path = fc.oneof(
  fc.array(fc.constantFrom('a', 'b', 'usr', 'é', '😀'), { maxLength: 4 }).map((parts) => parts.join('/')),
  fc.string({ maxLength: 8 }),
);

describe('PathIndex', () => {
  it('behaves like a Map for any number of paths', () => {
    fc.assert(
      fc.property(fc.array(path, { maxLength: 50 }), fc.constantFrom(0, 10, 2000), (drawn, more) => {
        const paths = [...drawn, ...Array.from({ length: more }, (_, index) => `usr/lib/${index}`), ...drawn];
        const index = new PathIndex((id) => paths[id]!);
        const expected = new Map<string, number>();
        const before = paths.map((each, id) => [index.set(each, id), expected.get(each), expected.set(each, id)]);
        expect(before.map(([was]) => was)).toEqual(before.map(([, was]) => was));
        const asked = [...paths, 'absent', 'usr'];
        expect(asked.map((each) => index.get(each))).toEqual(asked.map((each) => expected.get(each)));
      }),
      { numRuns: 50 },
    );
  });

  it('finds the directories above a path from the top down', () => {
    const paths = ['', 'a', 'a/b', 'a/b/c', 'a/bc', 'x'];
    const index = new PathIndex((id) => paths[id]!);
    for (const [id, each] of paths.entries()) index.set(each, id);
    const above = (of: string) => index.above(of).map((id) => paths[id]);
    expect(above('a/b/c')).toEqual(['a', 'a/b']);
    expect(above('a/other/c')).toEqual(['a']);
    expect(above('a')).toEqual([]);
    expect(above(`a/${'d/'.repeat(100)}f`)).toEqual(['a']);
  });
});
