import * as fc from 'fast-check';

import { LiteralAutomaton } from './literal-automaton.js';
import type { LiteralPosition } from './literal-automaton.js';

const holds: Record<LiteralPosition, (text: string, literal: string) => boolean> = {
  anywhere: (text, literal) => text.includes(literal),
  start: (text, literal) => text.startsWith(literal),
  end: (text, literal) => text.endsWith(literal),
};

function found(literals: readonly { text: string; place: LiteralPosition }[], text: string): number[] {
  const automaton = new LiteralAutomaton(literals.map((literal, id) => ({ ...literal, id })));
  const ids: number[] = [];
  return ids.slice(0, automaton.scan(text, ids, 0)).sort((a, b) => a - b);
}

const words = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '/', 'é', '😀'), minLength: 1, maxLength: 5 });
const literals = fc.uniqueArray(
  fc.record({ text: words, place: fc.constantFrom<LiteralPosition>('anywhere', 'start', 'end') }),
  {
    selector: ({ text, place }) => `${place} ${text}`,
    maxLength: 60,
  },
);
/** Some are long enough for several readers. */
const texts = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '/', 'é', '😀', 'x'), maxLength: 200, size: 'max' });

describe('LiteralAutomaton', () => {
  it('finds what the functions of strings find', () => {
    fc.assert(
      fc.property(literals, texts, (all, text) => {
        const expected = all.flatMap(({ text: literal, place }, id) => (holds[place](text, literal) ? [id] : []));
        expect(found(all, text)).toEqual(expected);
      }),
    );
  });

  it.each([46, 47, 48, 49, 50, 51, 100, 500])('finds what crosses borders in a text of %i characters', (length) => {
    const all = [1, 5, 30, 40].map((size) => ({ text: 'a'.repeat(size), place: 'anywhere' as const }));
    const ends = [20, 45].flatMap((size) =>
      (['start', 'end'] as const).map((place) => ({ text: 'a'.repeat(size), place })),
    );
    expect(found([...all, ...ends], 'a'.repeat(length))).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    for (let from = 0; from <= length - 40; from += 1)
      expect(found(all, `${'-'.repeat(from)}${'a'.repeat(40)}`.padEnd(length, '-'))).toEqual([0, 1, 2, 3]);
  });

  it('starts anew with every text', () => {
    const automaton = new LiteralAutomaton([{ text: 'ab', place: 'anywhere', id: 7 }]);
    const ids: number[] = [];
    expect(['xab', 'a', 'b', 'ab'].map((text) => automaton.scan(text, ids, 0))).toEqual([1, 0, 0, 1]);
  });

  it.each([
    [
      'many characters',
      (index: number) => String.fromCharCode(0x4e00 + (index % 20_000), 0x4e00 + ((index * 7) % 20_000)),
    ],
    ['many states', (index: number) => `${'abcdefgh'[index % 8]}${index.toString(36)}`.repeat(12)],
  ])('finds as much where %s make the rows too many', (_, literalAt) => {
    const all = Array.from({ length: 6_000 }, (_, id) => ({ text: literalAt(id), place: 'anywhere' as const, id }));
    const unique = [...new Map(all.map((literal) => [literal.text, literal])).values()];
    const automaton = new LiteralAutomaton(unique);
    const ids: number[] = [];
    const some = unique.filter((_, index) => index % 997 === 0);
    const count = automaton.scan(some.map(({ text }) => `${text} `).join(''), ids, 0);
    expect(ids.slice(0, count)).toEqual(expect.arrayContaining(some.map(({ id }) => id)));
    expect(automaton.scan('x'.repeat(100), ids, 0)).toBe(0);
  });
});
