import { InvalidInput } from '@tidewaiter/domain';

import { compareHackage } from './hackage.js';

describe('compareHackage', () => {
  it.each([
    ['1.0', '1.0.0', -1],
    ['0.1.26.0', '0', 1],
    ['1.9', '1.10', -1],
  ])('compares %s with %s as %i', (a, b, order) => {
    expect(compareHackage(a, b)).toBe(order);
    expect(compareHackage(b, a)).toBe(order === 0 ? 0 : -order);
  });

  it.each(['', '1.', '1-0', '1.0a', 'v1.0'])('rejects %j', (broken) => {
    expect(() => compareHackage(broken, '1.0')).toThrow(InvalidInput);
    expect(() => compareHackage('1.0', broken)).toThrow(InvalidInput);
  });
});
