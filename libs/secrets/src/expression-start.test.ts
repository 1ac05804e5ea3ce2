import * as fc from 'fast-check';

import { startCheck, startOf } from './expression-start.js';
import { secretRules } from './rules.js';

/** Bytes that fit each place, as text. */
function places(expression: RegExp): string[] {
  return startOf(expression).map((set) =>
    Array.from(set.entries(), ([byte, fits]) => (fits === 1 ? String.fromCharCode(byte) : '')).join(''),
  );
}

describe('startOf', () => {
  it.each<[RegExp, string[]]>([
    [/ab\.[0-3]{2}x/, ['a', 'b', '.', '0123', '0123', 'x']],
    [/a[bc]{2,4}d/, ['a', 'bc', 'bc']],
    [/ab?c/, ['a']],
    [/a[b-d]+e/, ['a', 'bcd']],
    [/\d\/[\]\\]/, ['0123456789', '/', '\\]']],
    [/a(?:b|c)d/, ['a']],
    [/[(|]a(?:b[)|]|c)/, ['(|', 'a']],
    [/a(bc)?d/, ['a']],
    [/ab(?=c)d/, ['a', 'b']],
    [/(?!a)b/, []],
    [/ab|cd/, []],
    [/a(?:b(?:c|d))|e/, []],
    [/\babc/, []],
    [/a\b /, ['a']],
    [/^a/, []],
    [/a.c/, ['a']],
    [/a\x41/, ['a']],
  ])('gives the bytes of %s that are certain', (expression, expected) => {
    expect(places(expression)).toEqual(expected);
  });

  it('fits every example of every rule where its expression matches', () => {
    let checked = 0;
    for (const { expression, matches, mayBegin } of secretRules) {
      if (expression === undefined || mayBegin === undefined) continue;
      const fits = startCheck(expression);
      for (const text of matches()) {
        const index = text.search(new RegExp(expression.source));
        if (index === -1) continue;
        checked += 1;
        expect(fits(Buffer.from(text, 'latin1'), index)).toBe(true);
      }
    }
    expect(checked).toBeGreaterThan(200);
  });

  it('fits every text that an expression matches', () => {
    const atoms = fc.constantFrom(
      'a',
      '[ab]',
      '[^a]',
      '\\d',
      'b{2}',
      'c{1,3}',
      'a?',
      'b*',
      '(?:a|b)',
      '(c)',
      '\\b',
      '.',
    );
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '1', ' '), maxLength: 12 });
    fc.assert(
      fc.property(fc.array(atoms, { minLength: 1, maxLength: 6 }), text, (parts, tried) => {
        const expression = new RegExp(parts.join(''), 'y');
        if (expression.test(tried)) expect(startCheck(expression)(Buffer.from(tried), 0)).toBe(true);
      }),
    );
  });
});
