import * as fc from 'fast-check';
import { RE2JS } from 're2js';

import { halvesOf } from './regex-halves.js';

describe('halvesOf', () => {
  it.each([
    ['a', null],
    ['a|b', ['a', 'b']],
    ['a|b|c|d', ['a|b', 'c|d']],
    ['x(a|b)y', ['x(a)y', 'x(b)y']],
    ['(a(b|c|d))', ['(a(b))', '(a(c|d))']],
    ['(a|b)*', null],
    ['((a|b)c)+', null],
    ['(a|b)+(c|d)', ['(a|b)+(c)', '(a|b)+(d)']],
    [String.raw`a\|b`, null],
    ['[a|b][]|][^]|][[:alpha:]|]', null],
    ['(?i)a|b', ['(?i)a', '(?i)b']],
    ['(?i:a|b)c', ['(?i:a)c', '(?i:b)c']],
    ['(?P<name>a|b)c', ['(?P<name>a)c', '(?P<name>b)c']],
    [String.raw`\Qa|b\E`, null],
  ])('takes %s apart', (expression, expected) => {
    expect(halvesOf(expression)).toEqual(expected);
  });

  const piece = fc.constantFrom('a', 'b', '.', '|', '|', '(', ')', '(?:', '(?i)', '[a|b]', '*', '+', '^', '$', '\\b');

  it('takes nothing away and adds nothing', () => {
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 10 }),
        fc.string({ unit: fc.constantFrom('a', 'b', 'A', '|'), maxLength: 6 }),
        (all, text) => {
          const expression = all.join('');
          let whole: RE2JS;
          try {
            whole = RE2JS.compile(expression);
          } catch {
            return;
          }
          const halves = halvesOf(expression);
          if (halves) expect(halves.some((half) => RE2JS.compile(half).test(text))).toBe(whole.test(text));
        },
      ),
      { numRuns: 500 },
    );
  });
});
