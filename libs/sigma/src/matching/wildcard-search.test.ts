import * as fc from 'fast-check';

import { anyRun, joined, parseString } from '../sigma-string.js';
import type { Part, SigmaString } from '../sigma-string.js';
import { globMatcher } from './glob.js';
import { nestingOf, WildcardSearch } from './wildcard-search.js';

function found(values: readonly SigmaString[], text: string): boolean[] {
  const marks = new Uint8Array(values.length);
  new WildcardSearch(new Map(values.entries())).find(text, marks);
  return Array.from(marks, (mark) => mark === 1);
}

const piece = fc.string({ unit: fc.constantFrom('a', 'b', '😀'), minLength: 1, maxLength: 3 });
const parts = fc.array(fc.oneof(piece, fc.constant<Part>(anyRun)), { maxLength: 5 });
const value = fc.tuple(parts, parts).map(([before, after]) => joined([...before, anyRun, ...after]));
const text = fc.string({ unit: fc.constantFrom('a', 'b', '😀', 'c'), maxLength: 30 });

describe('WildcardSearch', () => {
  it('finds what asking for each value finds, in one text after the other', () => {
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 12 }),
        fc.array(text, { maxLength: 5 }),
        (values, texts) => {
          const search = new WildcardSearch(new Map(values.entries()));
          for (const each of texts) {
            const marks = new Uint8Array(values.length);
            search.find(each, marks);
            expect(Array.from(marks, (mark) => mark === 1)).toEqual(values.map((one) => globMatcher(one)(each)));
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it.each([
    ['aba', [false, true, true, false]],
    ['aaaa', [true, false, false, true]],
    ['abab', [false, true, true, false]],
    ['abaab', [false, true, true, true]],
  ])('finds in %s pieces that are the ends of others', (each, expected) => {
    expect(found(['a*a*a', 'a*b*', '*ab*a*', '*a*a*a*'].map(parseString), each)).toEqual(expected);
  });

  it.each([
    [[], 0],
    [['a', 'b'], 1],
    [['sh', 'bash', 'h', 'x'], 3],
  ])('counts in %j how deep one piece is the end of another', (pieces, expected) => {
    expect(nestingOf(pieces)).toBe(expected);
  });
});
