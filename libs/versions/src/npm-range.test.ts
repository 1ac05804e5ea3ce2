import { InvalidInput } from '@tidewaiter/domain';

import { satisfiesNpm } from './npm-range.js';

describe('satisfiesNpm', () => {
  it.each([
    ['1.9.9', '^1.2', true],
    ['2.0.0', '^1.2', false],
    ['0.2.9', '^0.2.3', true],
    ['0.3.0', '^0.2.3', false],
    ['0.0.4', '^0.0.3', false],
    ['1.2.9', '~1.2.3', true],
    ['1.3.0', '~1.2.3', false],
    ['1.5.0', '1.x', true],
    ['2.3.9', '1.2 - 2.3', true],
    ['1.0.0', '<1.0.0 || >=2.0.0', false],
    ['v1.2.3', '1.2.3', true],
    ['1.2.3-beta', '^1.0.0', false],
    ['1.2.3-beta.2', '>=1.2.3-beta.1', true],
    ['1.2.3', '', true],
  ])('decides whether %s is in %s: %s', (version, range, isIn) => {
    expect(satisfiesNpm(version, range)).toBe(isIn);
  });

  it.each([
    ['latest', '*'],
    ['1.2', '*'],
    ['1.2.3', 'latest'],
    ['1.2.3', '>=1.x.2.3'],
  ])('rejects %j in %j', (version, range) => {
    expect(() => satisfiesNpm(version, range)).toThrow(InvalidInput);
  });
});
