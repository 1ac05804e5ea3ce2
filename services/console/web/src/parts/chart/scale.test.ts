import * as fc from 'fast-check';

import { topOf } from './scale.js';

describe('topOf', () => {
  it.each([
    [0, 1],
    [1, 1],
    [2, 2],
    [3, 3],
    [7, 8],
    [10, 10],
    [11, 15],
    [182, 200],
    [4_999, 5_000],
    [5_001, 6_000],
  ])('ends the axis of %i at %i', (value, top) => {
    expect(topOf(value)).toBe(top);
  });

  it('ends an axis at a value or above, and never far above', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 40 }), (value) => {
        expect(topOf(value)).toBeGreaterThanOrEqual(value);
        expect(topOf(value)).toBeLessThanOrEqual(Math.max(1, 1.5 * value));
      }),
    );
  });
});
