import * as fc from 'fast-check';

import { hasMoreStates } from './regex-states.js';
import { compileRegex } from './regex.js';

const limit = 1_000;

it.each([
  ['-D', false],
  ['(a+)+$', false],
  ['(.){200,}', false],
  ['[^/]{100,}$', false],
  ['.*a.*b.*c.*d', false],
  ['a.{6}b', false],
  ['a.{8}b', false],
  ['(^|[ =:])[48][1-9A-HJ-NP-Za-km-z]{93}([ .+@]|$)', false],
  // Where an a was, in any of the last characters: each is a state of its own.
  ['a.{10}b', true],
  ['a.{50}b', true],
  ['(a|b)*a(a|b){12}c', true],
  ['a[ab]{500}c', true],
  ['((((a{9}){9}){9}){9}){9}', true],
])('%s needs many states: %s', (expression, expected) => {
  expect(hasMoreStates(expression, limit)).toBe(expected);
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
      expect(typeof hasMoreStates(`${source}|(?:x{10})`, limit)).toBe('boolean');
    }),
    { numRuns: 1_000 },
  );
});
