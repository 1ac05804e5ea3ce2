import * as fc from 'fast-check';
import { RE2JS } from 're2js';

import { RegexAutomaton } from './regex-automaton.js';
import { RegexScan } from './regex-scan.js';

/** Compiles each expression to an automaton of its own, or all of them to one. */
function found(expressions: readonly string[], text: string, together: boolean): boolean[] {
  const automata = together ? [RegexAutomaton.of(expressions)] : expressions.map((each) => RegexAutomaton.of([each]));
  const bits = new RegexScan(automata.map((each) => each!)).find(text);
  return expressions.map((_, index) => (together ? (bits[0]! >> index) & 1 : bits[index]) === 1);
}

const pieces = [
  ...[
    'a',
    'b',
    '.',
    '|',
    '(',
    ')',
    '(?:',
    '(?i)',
    '(?s)',
    '(?m)',
    '[ab]',
    '[^a-c]',
    '[[:alpha:]]',
    '*',
    '+?',
    '{2}',
    '{1,3}',
  ],
  ...[
    '^',
    '$',
    '\\A',
    '\\z',
    '\\d',
    '\\W',
    '\\b',
    '\\B',
    '\\.',
    '\\x{1F600}',
    '\\pL',
    '\\P{Lu}',
    '-',
    '😀',
    'k',
    'é',
    '\\n',
    '_',
  ],
];
const expression = fc
  .array(fc.constantFrom(...pieces), { maxLength: 8 })
  .map((all) => all.join(''))
  .filter((source) => {
    try {
      RE2JS.compile(source);
      return true;
    } catch {
      return false;
    }
  });
const text = fc.string({
  unit: fc.constantFrom(
    'a',
    'b',
    'A',
    'c',
    '-',
    '.',
    '1',
    '\n',
    '_',
    '😀',
    '😁',
    '\ud83d',
    '\ude00',
    'K',
    '\u212a',
    'é',
    ' ',
  ),
  maxLength: 12,
});

describe('RegexAutomaton', () => {
  it('finds what RE2 finds, each expression and all at once', () => {
    fc.assert(
      fc.property(
        fc.array(expression, { minLength: 1, maxLength: 4 }),
        fc.array(text, { maxLength: 6 }),
        (sources, texts) => {
          for (const each of texts) {
            const expected = sources.map((source) => RE2JS.compile(source).test(each));
            expect(found(sources, each, true)).toEqual(expected);
            expect(found(sources, each, false)).toEqual(expected);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it.each([
    ['-D', true],
    ['(a+)+$', true],
    ['(.){200,}', true],
    ['[^/]{100,}$', true],
    ['.*a.*b.*c.*d', true],
    ['a.{8}b', true],
    ['(a|b)*a(a|b){8}c', true],
    ['(^|[ =:])[48][1-9A-HJ-NP-Za-km-z]{93}([ .+@]|$)', true],
    // The state encodes which of the last characters were an a: exponentially many states.
    ['a.{50}b', false],
    ['(a|b)*a(a|b){17}c', false],
    ['a[ab]{500}c', false],
  ])('%s can be looked for with a table: %s', (source, expected) => {
    expect(RegexAutomaton.of([source]) !== null).toBe(expected);
  });
});
