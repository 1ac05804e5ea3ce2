import { InvalidInput } from '@tidewaiter/domain';

import { satisfiesMaven } from './maven-range.js';

describe('satisfiesMaven', () => {
  it.each([
    ['1.5', '[1.0,2.0)', true],
    ['2.0', '[1.0,2.0)', false],
    ['2.0-rc1', '[1.0,2.0)', true],
    ['1.0', '(1.0,)', false],
    ['1.0', '[1.0]', true],
    ['1.1', '[1.0]', false],
    ['1.2', '(,1.1),(1.1,)', true],
    ['1.1', '(,1.1), (1.1,)', false],
    ['0.5', '[ , 1.0 ]', true],
    ['0.9', '1.0', true],
  ])('decides whether %s is in %s: %s', (version, range, isIn) => {
    expect(satisfiesMaven(version, range)).toBe(isIn);
  });

  it.each([
    ['1.0', '[1.0,2.0'],
    ['1.0', '(1.0)'],
    ['1.0', '[]'],
    ['1.0', '[2.0,1.0]'],
    ['1.0', '[1.0,1.0)'],
    ['1.0', '[1.0,2.0),3.0'],
    ['1.0', '[1,2,3]'],
    ['1.0', ''],
    ['${revision}', '[1.0,)'],
  ])('rejects %j in %j', (version, range) => {
    expect(() => satisfiesMaven(version, range)).toThrow(InvalidInput);
  });
});
