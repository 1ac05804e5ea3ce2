import { anyCharacter } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { HashIndex } from './hash-index.js';
import { TextArena } from './text-arena.js';
import { Texts } from './texts.js';

describe('state', () => {
  it('HashIndex finds what is in it and nothing else, after any adding and deleting', () => {
    // Few different hashes, so that rows collide.
    const hashOf = (row: number) => row % 7;
    const find = (index: HashIndex, row: number) => {
      for (let slot = index.home(hashOf(row)); ; slot = index.next(slot))
        if (index.rowAt(slot) === -1 || index.rowAt(slot) === row) return index.rowAt(slot);
    };
    fc.assert(
      fc.property(fc.array(fc.nat(200), { maxLength: 300 }), (toggled) => {
        const index = new HashIndex(hashOf);
        const model = new Set<number>();
        for (const row of toggled) {
          if (model.has(row)) index.delete(row);
          else index.add(row);
          if (!model.delete(row)) model.add(row);
        }
        for (let row = 0; row <= 200; row += 1) expect(find(index, row)).toBe(model.has(row) ? row : -1);
      }),
    );
  });

  const text = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.string({ unit: anyCharacter, maxLength: 40 }),
    // Lone surrogates, as in hostile JSON.
    fc.array(fc.nat(0xffff), { maxLength: 10 }).map((codes) => String.fromCharCode(...codes)),
  );

  it('TextArena gives back every text as it was, wherever others were removed', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ text, stays: fc.boolean() }), { maxLength: 200 }), (steps) => {
        const arena = new TextArena();
        const kept: [number, string][] = [];
        for (const step of steps) {
          const place = arena.add(step.text);
          if (step.stays) kept.push([place, step.text]);
          else arena.remove(place);
        }
        for (const [place, expected] of kept) {
          expect(arena.textOf(place)).toBe(expected);
          expect(arena.is(place, expected)).toBe(true);
          expect(arena.is(place, `${expected}x`)).toBe(false);
        }
      }),
    );
  });

  it('TextArena goes on in a new chunk when one is full', () => {
    const arena = new TextArena();
    const texts = Array.from({ length: 20 }, (_, index) => String(index).repeat(3_000));
    const places = texts.map((each) => arena.add(each));
    expect(places.map((place) => arena.textOf(place))).toEqual(texts);
  });

  it('Texts gives one number to one text, as long as somebody holds it', () => {
    const texts = new Texts();
    const first = texts.hold('pod-a');
    expect(texts.hold('pod-a')).toBe(first);
    texts.release(first);
    expect(texts.find('pod-a')).toBe(first);
    texts.release(first);
    expect(texts.find('pod-a')).toBe(-1);
    expect(texts.textOf(texts.hold('pod-b'))).toBe('pod-b');
  });
});
