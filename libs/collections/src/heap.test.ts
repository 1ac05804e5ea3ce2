import * as fc from 'fast-check';

import { Heap } from './heap.js';

describe('Heap', () => {
  it('pops its items in order, whatever is pushed between', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.integer({ min: 0, max: 20 }))), (steps) => {
        const heap = new Heap<number>((a, b) => a - b);
        const held: number[] = [];
        for (const step of steps) {
          if (step === null) {
            held.sort((a, b) => a - b);
            expect(heap.pop()).toBe(held.shift());
          } else {
            held.push(step);
            heap.push(step);
          }
          expect([heap.size, heap.first]).toEqual([held.length, held.length === 0 ? undefined : Math.min(...held)]);
          expect(heap.sorted()).toEqual(held.toSorted((a, b) => a - b));
        }
      }),
    );
  });
});
