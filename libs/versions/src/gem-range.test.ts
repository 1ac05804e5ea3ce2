import { InvalidInput } from '@tidewaiter/domain';

import { satisfiesGem } from './gem-range.js';

describe('satisfiesGem', () => {
  it.each([
    ['1.9', '~> 1.2', true],
    ['2.0', '~> 1.2', false],
    ['1.2.9', '~> 1.2.3', true],
    ['1.3', '~> 1.2.3', false],
    ['1.5', '~> 1', true],
    ['2.0.a', '~> 1.2', false],
    ['1.2.3.a', '~> 1.2.3', false],
    ['1.3.a', '~> 1.2.3.b', false],
    ['1.2.4', '~> 1.2.3.b', true],
    ['1.5', '>= 1.2, != 1.5', false],
    ['1.5', '1.5.0', true],
    ['1.5', '= 1.5', true],
    ['1.4', '<1.5', true],
  ])('decides whether %s is in %s: %s', (version, range, isIn) => {
    expect(satisfiesGem(version, range)).toBe(isIn);
  });

  it.each([
    ['1.0', ''],
    ['1.0', '>= 1.0,'],
    ['1.0', '=> 1.0'],
    ['1.0', '>= 2.0, >= x'],
    ['x', '>= 1.0'],
  ])('rejects %j in %j', (version, range) => {
    expect(() => satisfiesGem(version, range)).toThrow(InvalidInput);
  });
});
