import { InvalidInput } from '@tidewaiter/domain';

import { compareBitnami } from './bitnami.js';

describe('compareBitnami', () => {
  it.each([
    ['2.3.1-1', '2.3.1', 0],
    ['2.3.1-1', '2.3.1-2', 0],
    ['2.3.1-r10', '2.3.1', 0],
    ['2.3.1-9', '2.3.2', -1],
    ['2.3.1-rc.1', '2.3.1', -1],
    ['2.3', '2.3.0', 0],
  ])('compares %s with %s as %i', (a, b, order) => {
    expect(compareBitnami(a, b)).toBe(order);
    expect(compareBitnami(b, a)).toBe(order === 0 ? 0 : -order);
  });

  it.each(['', 'latest', '-1'])('rejects %j', (broken) => {
    expect(() => compareBitnami(broken, '1.0')).toThrow(InvalidInput);
    expect(() => compareBitnami('1.0', broken)).toThrow(InvalidInput);
  });
});
