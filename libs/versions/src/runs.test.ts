import * as fc from 'fast-check';

import { compareDigits, increment } from './runs.js';

describe('increment', () => {
  it.each([
    ['0', '1'],
    ['8', '9'],
    ['9', '10'],
    ['1099', '1100'],
    ['999', '1000'],
    ['', '1'],
  ])('increments %s to %s', (digits, next) => {
    expect(increment(digits)).toBe(next);
  });

  it('counts like integers', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n }), (number) => {
        expect(increment(String(number))).toBe(String(number + 1n));
        expect(compareDigits(String(number), increment(String(number)))).toBe(-1);
      }),
    );
  });
});
