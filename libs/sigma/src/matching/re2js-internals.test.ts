import * as fc from 'fast-check';
import { RE2Set } from 're2js';

import { parseString } from '../sigma-string.js';
import { isSearchable, PatternSearch } from './pattern-search.js';
import type { PatternTest } from './pattern-test.js';
import { type CompiledSet, type CompileSet, hasKnownShape, readsPrograms } from './re2js-internals.js';

const compile = (expressions: readonly string[]): CompiledSet => {
  const set = new RE2Set();
  for (const expression of expressions) set.add(expression);
  set.compile();
  return set;
};

describe('hasKnownShape', () => {
  it('accepts the installed RE2JS', () => {
    expect(hasKnownShape(compile)).toBe(true);
    expect(readsPrograms()).toBe(true);
  });

  const other =
    (change: (set: CompiledSet) => unknown): CompileSet =>
    (expressions) =>
      change(compile(expressions));
  const withInstructions =
    (change: (inst: CompiledSet['prog']['inst']) => CompiledSet['prog']['inst']) =>
    ({ prog, dfa }: CompiledSet) => ({ prog: { start: prog.start, inst: change(prog.inst) }, dfa });

  it.each<[string, CompileSet]>([
    ['no program', other(({ dfa }) => ({ dfa }))],
    [
      'instructions under another name',
      other(({ prog, dfa }) => ({ prog: { start: prog.start, insts: prog.inst }, dfa })),
    ],
    ['another start', other(({ prog, dfa }) => ({ prog: { ...prog, start: 1 }, dfa }))],
    [
      'renumbered opcodes',
      other(withInstructions((inst) => inst.map((each) => Object.assign(Object.create(each), { op: each.op + 1 })))),
    ],
    ['an additional instruction', other(withInstructions((inst) => [...inst, inst[0]!]))],
    ['no classes', other(({ prog }) => ({ prog, dfa: {} }))],
    ['other classes', other(({ prog }) => ({ prog, dfa: { classBounds: Int32Array.of(97, 98) } }))],
    [
      'no test for runes',
      other(withInstructions((inst) => inst.map(({ op, out, arg }) => ({ op, out, arg }) as never))),
    ],
    [
      'another test for runes',
      other(
        withInstructions((inst) => inst.map((each) => Object.assign(Object.create(each), { matchRune: () => true }))),
      ),
    ],
    [
      'an error',
      () => {
        throw new Error('set without compile()');
      },
    ],
  ])('rejects %s', (_, changed) => {
    expect(hasKnownShape(changed)).toBe(false);
  });
});

describe('PatternSearch without the programs of RE2JS', () => {
  const regex = (source: string, flags = ''): PatternTest => ({ kind: 'regex', source, flags });
  const tests: PatternTest[] = [
    regex('a+b'),
    regex('^(?:ab|b)$', 'm'),
    regex(String.raw`\bK`, 'i'),
    regex('a.{2}😀', 's'),
    { kind: 'text', text: parseString('a?b*k'), isCased: true },
  ];
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'k', 'K', '\n', ' ', '😀', '\ud83d', '-'), maxLength: 12 });

  it('finds what the automata find', () => {
    const automata = new PatternSearch(tests, true);
    const fallback = new PatternSearch(tests, false);
    fc.assert(
      fc.property(text, (each) => {
        const [expected, found] = [new Uint8Array(tests.length), new Uint8Array(tests.length)];
        automata.find(each, expected);
        fallback.find(each, found);
        expect(found).toEqual(expected);
      }),
      { numRuns: 1_000 },
    );
  });

  it('counts no more passes than the automata need, so that no rule is refused', () => {
    expect(new PatternSearch(tests, false).passes).toBe(1);
    expect(new PatternSearch(tests, true).passes).toBeGreaterThanOrEqual(1);
  });

  it('accepts expressions for which no table can be built', () => {
    expect(isSearchable('a.{50}b', true)).toBe(false);
    expect(isSearchable('a.{50}b', false)).toBe(true);
  });
});
