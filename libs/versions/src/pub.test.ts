import { InvalidInput } from '@tidewaiter/domain';

import { comparePub } from './pub.js';

describe('comparePub', () => {
  it.each([
    ['1.0.0', '1.0.0+1', -1],
    ['1.0.0+1', '1.0.0+2', -1],
    ['1.0.0+9', '1.0.0+a', -1],
    ['1.0.0-beta+1', '1.0.0', -1],
    ['1.0.0-beta+1', '1.0.0-beta+2', -1],
    ['v1.0.0', '1.0.0', 0],
  ])('compares %s with %s as %i', (a, b, order) => {
    expect(comparePub(a, b)).toBe(order);
    expect(comparePub(b, a)).toBe(order === 0 ? 0 : -order);
  });

  it.each(['', '1.0.0+', 'any'])('rejects %j', (broken) => {
    expect(() => comparePub(broken, '1.0')).toThrow(InvalidInput);
    expect(() => comparePub('1.0', broken)).toThrow(InvalidInput);
  });
});
