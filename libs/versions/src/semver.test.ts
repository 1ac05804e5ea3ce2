import { InvalidInput } from '@tidewaiter/domain';

import { compareSemver } from './semver.js';

describe('compareSemver', () => {
  it.each([
    ['1.2.3', '1.2.10', -1],
    ['1.0.0-alpha', '1.0.0-alpha.1', -1],
    ['1.0.0-alpha.1', '1.0.0-alpha.beta', -1],
    ['1.0.0-beta.2', '1.0.0-beta.11', -1],
    ['1.0.0-rc.1', '1.0.0', -1],
    ['1.0.0-1', '1.0.0-a', -1],
    ['1.0.0-B', '1.0.0-a', -1],
    ['1.0.0--', '1.0.0-0', 1],
    ['1.0.0+a', '1.0.0+b', 0],
    // Forms that node-semver reads when it is loose.
    [' =v1.2.3 ', '1.2.3', 0],
    ['v 1.2.3', '1.2.3', 0],
    ['1.2.3beta', '1.2.3-beta', 0],
    ['01.02.03', '1.2.3', 0],
    ['1.2.3-01', '1.2.3-1', 0],
    // Malformed versions that advisories contain.
    ['1', '1.0.0', 0],
    ['1.2.3.4', '1.2.3', 1],
    ['1.2.3.0', '1.2.3', 0],
    ['1.21rc2', '1.21.0-rc2', 0],
    ['1.0.0.alpha.1', '1.0.0-alpha.1', 0],
  ])('compares %s with %s as %i', (a, b, order) => {
    expect(compareSemver(a, b)).toBe(order);
    expect(compareSemver(b, a)).toBe(order === 0 ? 0 : -order);
  });

  it.each([
    '',
    'latest',
    '1.',
    '.1',
    '1..2',
    '1.2.3-',
    '1.2.3+',
    '1.2.3-a..b',
    '1.2.3+a..b',
    '1.2.3_4',
    '1.2.3 4',
    '-1.2.3',
    '1.2.3-é',
  ])('rejects %j', (broken) => {
    expect(() => compareSemver(broken, '1.0')).toThrow(InvalidInput);
    expect(() => compareSemver('1.0', broken)).toThrow(InvalidInput);
  });
});
