import * as fc from 'fast-check';

import { written } from '../sigma-string.js';
import { compileRegex } from './regex.js';
import { requiredLiteral } from './required-literal.js';

function literal(source: string, flags = ''): string | undefined {
  const required = requiredLiteral({ kind: 'regex', source, flags });
  return required && `${written(required.text)}${required.isCased ? '' : ' in any case'}`;
}

it.each([
  ['xm(rig|r-stak)', '*xm*'],
  ['a|b', undefined],
  ['abc?d', '*ab*'],
  ['ab+cde*f', '*cd*'],
  [String.raw`/python3\.([5-9])/site`, '*/python3.*'],
  ['(?i)/lib/kernel', '*/lib/* in any case'],
  ['a(?i)bcd', undefined],
  ['a{2}bc', '*bc*'],
  [String.raw`\x41bcd`, '*bcd*'],
  [String.raw`\u0041bcd`, undefined],
  [String.raw`\pLab`, '*ab*'],
  ['[abc]de', '*de*'],
  ['[]abc]de', '*de*'],
  ['^$', undefined],
])('%s needs %s', (source, expected) => {
  expect(literal(source)).toBe(expected);
});

it('is in every text that the expression is in', () => {
  const piece = fc.constantFrom(
    'a',
    'b',
    'ab',
    '(a|b)',
    '[ab]',
    '.',
    'b?',
    'a*',
    'b+',
    'a{2}',
    '(?:ab)',
    String.raw`\.`,
    '^',
    '$',
    '|',
  );
  const source = fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(source, fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 10 }), (each, text) => {
      let isThere: boolean;
      try {
        isThere = compileRegex({ source: each, flags: '' }).test(text);
      } catch {
        return;
      }
      const needed = literal(each);
      if (isThere && needed !== undefined) expect(text).toContain(needed.slice(1, -1).replaceAll('\\', ''));
    }),
    { numRuns: 2_000 },
  );
});
