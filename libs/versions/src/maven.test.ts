import { InvalidInput } from '@tidewaiter/domain';

import { compareMaven } from './maven.js';

describe('compareMaven', () => {
  it.each([
    ['1.0-alpha-1', '1.0-beta-1', -1],
    ['1.0-beta', '1.0-milestone', -1],
    ['1.0-m3', '1.0-rc1', -1],
    ['1.0-cr1', '1.0-rc1', 0],
    ['1.0-rc1', '1.0-SNAPSHOT', -1],
    ['1.0-SNAPSHOT', '1.0', -1],
    ['1.0', '1', 0],
    ['1.0.Final', '1.0-GA', 0],
    ['1.0.RELEASE', '1.0', 0],
    ['1.0', '1.0-sp1', -1],
    ['1.0-sp1', '1.0-whatever', -1],
    ['1.0-whatever', '1.0-1', -1],
    ['1.0-1', '1.0.1', -1],
    ['1.0a1', '1.0-alpha-1', 0],
    ['1.0-a', '1.0-alpha', 1],
    ['1.0.0.RC1', '1.0.0-RC2', -1],
    ['42.2.2', '42.2.2.jre7', -1],
    ['9.4.9.v20180320', '9.4.10.v20180503', -1],
    ['1-0.3', '1.0.3', -1],
    ['1..1', '1.0.1', 0],
    ['-1', '0-1', 0],
    ['1.0.0-0-0', '1', 0],
    // Not transitive, as Maven.
    ['1-0-alpha', '1', -1],
    ['1', '1-sp', -1],
    ['1-sp', '1-0-alpha', -1],
  ])('compares %s with %s as %i', (a, b, order) => {
    expect(compareMaven(a, b)).toBe(order);
    expect(compareMaven(b, a)).toBe(order === 0 ? 0 : -order);
  });

  it.each(['', '${revision}', '[1.0,2.0)', '1.0 beta'])('rejects %j', (broken) => {
    expect(() => compareMaven(broken, '1.0')).toThrow(InvalidInput);
    expect(() => compareMaven('1.0', broken)).toThrow(InvalidInput);
  });
});
