import { InvalidInput } from '@tidewaiter/domain';

import { satisfiesVers } from './vers.js';

describe('satisfiesVers', () => {
  it.each([
    ['1.0.0', 'vers:npm/*', true],
    ['1.0.0', 'vers:all/*', true],
    ['1.0.0', 'vers:none/*', false],
    ['1.5', 'vers:pypi/>=1.0.0|<=2.0.0', true],
    ['2.0.0', 'vers:pypi/>=1.0.0|<=2.0.0', true],
    ['2.0.0', 'vers:pypi/>=1.0.0|<2.0.0', false],
    ['2.0.3', 'vers:pypi/>=1.0.0|<=2.0.0', false],
    ['0.9', 'vers:pypi/>=1.0.0|<=2.0.0', false],
    ['1.0.0', 'vers:pypi/<=1.3.0|3.0.0', true],
    ['3.0.0', 'vers:pypi/<=1.3.0|3.0.0', true],
    ['2.0.0', 'vers:pypi/<=1.3.0|3.0.0', false],
    ['2.0.3', 'vers:pypi/>=1.0.0|!=2.0.3', false],
    ['2.0.4', 'vers:pypi/>=1.0.0|!=2.0.3', true],
    ['2.0.4', 'vers:pypi/!=2.0.3', true],
    ['1.5', 'vers:pypi/<=1.0.0|>=2.0.0', false],
    ['2.5', 'vers:pypi/<=1.0.0|>=2.0.0', true],
    // Bounds that add nothing, and bounds out of order.
    ['1.5', 'vers:pypi/>1|>2|<3', true],
    ['1.5', 'vers:pypi/<1|<2', true],
    ['1.5', 'vers:npm/<2.0.0|>=1.0.0', true],
    ['1.2.3-1', 'vers:deb/<1.2.3-2', true],
    ['1.2.3-r0', 'vers:alpine/1.2.3-r0', true],
    ['1:2.0-1', 'vers:rpm/>=1%3A1.0-1', true],
    ['1.0.0', 'vers:cargo/=1.0.0', true],
  ])('decides whether %s is in %s: %s', (version, range, isIn) => {
    expect(satisfiesVers(version, range)).toBe(isIn);
  });

  it.each([
    ['1.0', ''],
    ['1.0', '>=1.0'],
    ['1.0', 'vers:npm'],
    ['1.0', 'vers:npm/'],
    ['1.0', 'vers:npm/>=1.0||<2.0'],
    ['1.0', 'vers:npm/>='],
    ['1.0', 'vers:npm/*|1.0'],
    ['1.0', 'vers:npm/1.0%ZZ'],
    ['1.0', 'vers:nginx/>=1.0'],
    ['1.0', 'vers:constructor/>=1.0'],
    ['what', 'vers:npm/*'],
    ['what', 'vers:npm/>=1.0'],
  ])('rejects %j in %j', (version, range) => {
    expect(() => satisfiesVers(version, range)).toThrow(InvalidInput);
  });
});
