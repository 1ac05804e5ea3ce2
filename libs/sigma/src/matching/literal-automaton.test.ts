import * as fc from 'fast-check';

import { LiteralAutomaton } from './literal-automaton.js';
import type { Place } from './literal-automaton.js';

const holds: Record<Place, (text: string, literal: string) => boolean> = {
  anywhere: (text, literal) => text.includes(literal),
  start: (text, literal) => text.startsWith(literal),
  end: (text, literal) => text.endsWith(literal),
};

function found(literals: readonly { text: string; place: Place }[], text: string): number[] {
  const automaton = new LiteralAutomaton(literals.map((literal, id) => ({ ...literal, id })));
  const ids: number[] = [];
  return ids.slice(0, automaton.scan(text, ids, 0)).sort((a, b) => a - b);
}

const words = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '/', 'é', '😀'), minLength: 1, maxLength: 5 });
const literals = fc.uniqueArray(fc.record({ text: words, place: fc.constantFrom<Place>('anywhere', 'start', 'end') }), {
  selector: ({ text, place }) => `${place} ${text}`,
  maxLength: 60,
});
const texts = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '/', 'é', '😀', 'x'), maxLength: 40 });

it('finds what the functions of strings find', () => {
  fc.assert(
    fc.property(literals, texts, (all, text) => {
      const expected = all.flatMap(({ text: literal, place }, id) => (holds[place](text, literal) ? [id] : []));
      expect(found(all, text)).toEqual(expected);
    }),
  );
});

it('starts anew with every text', () => {
  const automaton = new LiteralAutomaton([{ text: 'ab', place: 'anywhere', id: 7 }]);
  const ids: number[] = [];
  expect(['xab', 'a', 'b', 'ab'].map((text) => automaton.scan(text, ids, 0))).toEqual([1, 0, 0, 1]);
});
