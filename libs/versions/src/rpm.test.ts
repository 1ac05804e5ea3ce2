import { InvalidInput } from '@tidewaiter/domain';

import { compareRpm } from './rpm.js';

describe('compareRpm', () => {
  it.each([
    ['1.0-1', '1.0-2', -1],
    ['1.0-9.el8', '1.0-10.el8', -1],
    ['1:1.0-1', '2.0-1', 1],
    ['0:1.0-1', '1.0-1', 0],
    [':1.0', '1.0', 0],
    ['1.0', '1.0-1', -1],
    ['1.0~rc1', '1.0', -1],
    ['1.0', '1.0^git1', -1],
    ['1.0^git1', '1.0.1', -1],
    ['1.0~rc1^git1', '1.0~rc1', 1],
    ['1.0^git1~pre', '1.0^git1', -1],
    ['1.0a', '1.0.1', -1],
    ['1.0', '1.0a', -1],
    ['1.00010', '1.10', 0],
    ['1.0_1', '1.0.1', 0],
    ['1.0.', '1.0', 0],
    // A release may have hyphens before it, the last one counts.
    ['1-2-1', '1-2-2', -1],
    // Only digits are an epoch.
    ['c:1', 'a:2', 1],
    ['5.5p1', '5.5p10', -1],
    ['4.18.0-80.module+el8.1.0+1', '4.18.0-80.module+el8.2.0+1', -1],
  ])('compares %s with %s as %i', (a, b, order) => {
    expect(compareRpm(a, b)).toBe(order);
    expect(compareRpm(b, a)).toBe(order === 0 ? 0 : -order);
  });

  it.each(['', ':', '1:', '-1', '2:-1'])('rejects %j', (broken) => {
    expect(() => compareRpm(broken, '1.0')).toThrow(InvalidInput);
    expect(() => compareRpm('1.0', broken)).toThrow(InvalidInput);
  });
});
