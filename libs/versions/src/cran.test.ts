import { InvalidInput } from '@tidewaiter/domain';

import { compareCran } from './cran.js';

describe('compareCran', () => {
  it.each([
    ['1.8', '1.8.0', -1],
    ['0.9', '0.75', -1],
    ['1.0-1', '1.0.1', 0],
    ['1.2-10', '1.2-9', 1],
  ])('compares %s with %s as %i', (a, b, order) => {
    expect(compareCran(a, b)).toBe(order);
    expect(compareCran(b, a)).toBe(order === 0 ? 0 : -order);
  });

  it.each(['', '1.', '1..2', '1.0a', 'v1.0'])('rejects %j', (broken) => {
    expect(() => compareCran(broken, '1.0')).toThrow(InvalidInput);
    expect(() => compareCran('1.0', broken)).toThrow(InvalidInput);
  });
});
