import { InvalidInput } from '@tidewaiter/domain';

import { satisfiesPep440 } from './pep440-range.js';

describe('satisfiesPep440', () => {
  it.each([
    ['1.5', '>=1.2,<2', true],
    ['2.0rc1', '<2', false],
    ['2.0rc1', '<2rc2', true],
    ['2.0rc1', '<=2', true],
    ['1.0.post1', '>1', false],
    ['1.0.post2', '>1.post1', true],
    ['1.0+local', '>1', false],
    ['1.1', '>1', true],
    ['1.4.9', '~=1.4.2', true],
    ['1.5', '~=1.4.2', false],
    ['1.4.2rc1', '~=1.4.2', false],
    ['1.4.5', '==1.4.*', true],
    ['1.4rc1', '==1.4.*', true],
    ['1.40', '==1.4.*', false],
    ['1', '==1.0.*', true],
    ['2!1.4', '==1.4.*', false],
    ['1.4', '!=1.4.*', false],
    ['1.0+local', '==1.0', true],
    ['1.0', '==1.0+local', false],
    ['1.0', '===1.0', true],
    ['1.0.0', '===1.0', false],
    ['whatever', '===WHATEVER', true],
    ['1.0', '', true],
    [' 1.0 ', '>= 1.0 , ', true],
  ])('decides whether %s is in %s: %s', (version, range, isIn) => {
    expect(satisfiesPep440(version, range)).toBe(isIn);
  });

  it.each([
    ['1.0', '1.0'],
    ['1.0', '~=1'],
    ['1.0', '>=1.*'],
    ['1.0', '==1.0a1.*'],
    ['1.0', '>=1.0+local'],
    ['1.0', '=>1'],
    ['whatever', '>=1'],
    ['1.0', '>=2,<what'],
  ])('rejects %j in %j', (version, range) => {
    expect(() => satisfiesPep440(version, range)).toThrow(InvalidInput);
  });
});
