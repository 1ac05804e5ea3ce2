import { InvalidInput } from '@tidewaiter/domain';

import { compareGem } from './gem.js';

describe('compareGem', () => {
  it.each([
    ['1.2', '1.2.0', 0],
    ['1.9', '1.10', -1],
    ['1.2.a', '1.2', -1],
    ['1.2.a', '1.2.b', -1],
    ['1.2.b1', '1.2.b.10', -1],
    ['1.2.rc1', '1.2.1.a', -1],
    ['1.0.0.a', '1.a', 0],
    ['1.0-1', '1.0', -1],
    ['1.0-1', '1.0.pre.1', 0],
    ['1.a.0.b', '1.a.b', 0],
    ['1.a0.b', '1.a.b', 1],
    ['5.x', '5.0.0.rc2', 1],
    [' 1.0\n', '1', 0],
    ['', '0', 0],
  ])('compares %s with %s as %i', (a, b, order) => {
    expect(compareGem(a, b)).toBe(order);
    expect(compareGem(b, a)).toBe(order === 0 ? 0 : -order);
  });

  it.each(['1a', '1.', '.1', '1..2', 'v1.0', '1.0_1', '1.0+1', '1.15.2-x86_64-linux'])('rejects %j', (broken) => {
    expect(() => compareGem(broken, '1.0')).toThrow(InvalidInput);
    expect(() => compareGem('1.0', broken)).toThrow(InvalidInput);
  });
});
