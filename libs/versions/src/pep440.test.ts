import { InvalidInput } from '@tidewaiter/domain';

import { comparePep440 } from './pep440.js';

describe('comparePep440', () => {
  it.each([
    ['1.0.dev1', '1.0a1', -1],
    ['1.0a1', '1.0a2.dev1', -1],
    ['1.0a2', '1.0b1', -1],
    ['1.0b1', '1.0rc1', -1],
    ['1.0rc1', '1.0', -1],
    ['1.0', '1.0.post1', -1],
    ['1.0.post1.dev1', '1.0.post1', -1],
    ['1.0', '1.0+local', -1],
    ['1.0+a', '1.0+1', -1],
    ['1.0+1', '1.0+1.1', -1],
    ['1.0+abc.7', '1.0+ABC_07', 0],
    ['1!0.1', '2.0', 1],
    ['1.0', '1.0.0', 0],
    // Spellings.
    ['v1.0', '1.0', 0],
    ['1.0-ALPHA.1', '1.0a1', 0],
    ['1.0c1', '1.0rc1', 0],
    ['1.0-preview_2', '1.0rc2', 0],
    ['1.0-1', '1.0.post1', 0],
    ['1.0.rev', '1.0post0', 0],
    ['1.0.dev', '1.0.dev0', 0],
    [' 1.0\n', '1.0', 0],
  ])('compares %s with %s as %i', (a, b, order) => {
    expect(comparePep440(a, b)).toBe(order);
    expect(comparePep440(b, a)).toBe(order === 0 ? 0 : -order);
  });

  it.each(['', 'latest', '1.0.', '1.0-', '1.0+', '1.0a1b2', '2013-01-21T20:33:09+0100', '0.3m5', '1.0 beta', '!1.0'])(
    'rejects %j',
    (broken) => {
      expect(() => comparePep440(broken, '1.0')).toThrow(InvalidInput);
      expect(() => comparePep440('1.0', broken)).toThrow(InvalidInput);
    },
  );
});
