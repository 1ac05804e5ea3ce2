import { InvalidInput } from '@tidewaiter/domain';

import { satisfiesNuget } from './nuget-range.js';

describe('satisfiesNuget', () => {
  it.each([
    ['1.0.0', '1.0', true],
    ['9.0', '1.0', true],
    ['0.9', '1.0', false],
    ['1.5', '[1.0,2.0)', true],
    ['2.0', '[1.0,2.0)', false],
    ['2.0-rc', '[1.0,2.0)', true],
    ['1.0', '[1.0]', true],
    ['1.0.1', '[1.0]', false],
    ['3.0', '(2.0,)', true],
    ['1.0-RC', '[1.0-rc]', true],
    // A floating version allows all from its lowest on.
    ['1.3', '1.2.*', true],
    ['1.1', '1.2.*', false],
    ['1.2.0-alpha', '1.2.0-*', true],
    ['1.2.0-alpha', '1.2.0-beta*', false],
    ['0.0.1', '*', true],
    ['1.2.5', '[1.2.*,1.3)', true],
    ['0.0.0-0', '*-*', true],
  ])('decides whether %s is in %s: %s', (version, range, isIn) => {
    expect(satisfiesNuget(version, range)).toBe(isIn);
  });

  it.each([
    ['1.0', ''],
    ['1.0', '[1.0,2.0'],
    ['1.0', '(1.0)'],
    ['1.0', '[2.0,1.0]'],
    ['1.0', '[1.0,2.0),[3.0,)'],
    ['1.0', '1.*.2'],
    ['1.0', 'what'],
    ['what', '1.0'],
  ])('rejects %j in %j', (version, range) => {
    expect(() => satisfiesNuget(version, range)).toThrow(InvalidInput);
  });
});
