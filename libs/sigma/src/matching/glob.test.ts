import * as fc from 'fast-check';

import { anyOne, anyRun, joined, parseString } from '../sigma-string.js';
import type { Part } from '../sigma-string.js';
import { globMatcher } from './glob.js';

describe('globMatcher', () => {
  it.each([
    ['a*b', 'ab', true],
    ['a*b', 'a\nb', true],
    ['a*b', 'aXbX', false],
    ['*ab*ab*', 'xabab', true],
    // The two segments cannot share one ab.
    ['*ab*ab*', 'xabx', false],
    ['a*a', 'a', false],
    ['?', '😀', true],
    ['?', '', false],
    ['*??x', 'a😀x', true],
    ['*?b?d*', 'abbcd', true],
    ['*?b?d*', 'abcxd', false],
    ['*?b?d*', 'abxd', true],
    ['*?b*?d', 'bbd', false],
    [String.raw`\*\?`, '*?', true],
    ['', '', true],
    ['*', '', true],
    ['**', 'anything', true],
  ])('%s on %j is %s', (pattern, text, expected) => {
    expect(globMatcher(parseString(pattern))(text)).toBe(expected);
  });

  it('finds long pieces with single wildcards', () => {
    const matches = globMatcher(parseString(`*${'a?'.repeat(30)}b*`));
    expect(['ab', 'aé', 'a😀'].map((pair) => matches(`x${pair.repeat(30)}b`))).toEqual([true, true, true]);
    expect([matches(`${'ab'.repeat(29)}b`), matches(`${'ab'.repeat(15)}${'bb'.repeat(15)}b`)]).toEqual([false, false]);
  });

  const letter = fc.constantFrom('a', 'b', '😀', '\n', '.');
  const parts = fc
    .array(fc.oneof(fc.string({ unit: letter, minLength: 1, maxLength: 2 }), fc.constantFrom<Part>(anyRun, anyOne)), {
      maxLength: 8,
    })
    .map((all) => joined(all));

  it('answers as an expression would that has no bound on its time', () => {
    fc.assert(
      fc.property(parts, fc.string({ unit: letter, maxLength: 12 }), (pattern, text) => {
        const source = pattern.map((part) => {
          if (part === anyRun) return '[^]*';
          return part === anyOne ? '[^]' : part.replaceAll('.', String.raw`\.`);
        });
        expect(globMatcher(pattern)(text)).toBe(new RegExp(`^${source.join('')}$`, 'u').test(text));
      }),
      { numRuns: 2_000 },
    );
  });
});
