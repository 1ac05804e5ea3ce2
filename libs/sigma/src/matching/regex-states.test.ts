import * as fc from 'fast-check';

import { statesOf } from './regex-states.js';
import { compileRegex } from './regex.js';

const limit = 1_000;

it.each([
  ['-D', 2],
  ['(a+)+$', 3],
  ['[0-9]{1,3}\\.[0-9]{1,3}', 6],
  ['(.){200,}', 201],
  ['[^/]{100,}$', 101],
  ['.*a.*b.*c.*d', 4],
  ['(foo|bar)+', 10],
  // Where an a was, in any of the last characters: each is a state of its own.
  ['a.{6}b', 128],
  ['a.{50}b', Infinity],
  ['(a|b)*a(a|b){12}c', Infinity],
  ['a[ab]{500}c', Infinity],
  ['((((a{9}){9}){9}){9}){9}', Infinity],
])('%s needs %d', (expression, states) => {
  expect(statesOf(expression, limit)).toBe(states);
});

it('counts every expression that RE2 takes', () => {
  const piece = fc.constantFrom(
    ...[
      'a',
      'b',
      '.',
      '|',
      '(',
      ')',
      '(?:',
      '(?i)',
      '[ab]',
      '[^a-c]',
      '[[:alpha:]]',
      '[]a]',
      '*',
      '+?',
      '{2}',
      '{1,3}',
      '^',
      '$',
    ],
    ...['\\d', '\\W', '\\b', '\\.', '\\x41', '\\x{1F600}', '\\pL', '\\P{Lu}', '\\Q', '\\E', '-', ']', '{', '}', '😀'],
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const source = pieces.join('');
      try {
        compileRegex({ source, flags: '' });
      } catch {
        return;
      }
      expect(statesOf(source, limit)).toBeGreaterThan(0);
    }),
    { numRuns: 1_000 },
  );
});
