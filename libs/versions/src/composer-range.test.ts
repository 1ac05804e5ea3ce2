import { InvalidInput } from '@tidewaiter/domain';

import { satisfiesComposer } from './composer-range.js';

describe('satisfiesComposer', () => {
  it.each([
    ['1.9', '^1.2', true],
    ['1.2-beta', '^1.2', true],
    ['2.0-alpha', '^1.2', false],
    ['0.2.9', '^0.2.3', true],
    ['0.3', '^0.2.3', false],
    ['0.0.4', '^0.0.3', false],
    ['1.2-alpha', '^1.2-beta', false],
    ['1.9', '~1.2', true],
    ['1.3', '~1.2.3', false],
    ['1.2.9', '~1.2.3', true],
    ['1.9', '~1', true],
    ['1.5', '1.*', true],
    ['2.0', '1.*', false],
    ['0.5', '0.*', true],
    ['99.9', '^9', false],
    ['10.0-dev', '<10', false],
    ['2.1.9', '1.0 - 2.1', true],
    ['2.2', '1.0 - 2.1', false],
    ['2.1.1', '1.0 - 2.1.0', false],
    ['1.0-rc1', '1.0 - 2.0', true],
    ['1.0-rc1', '<1.0', false],
    ['1.0-rc1', '<=1.0', true],
    ['1.0-rc1', '>=1.0', true],
    ['1.0-rc1', '>1.0-beta', true],
    ['1.0-beta', '>=1.0@rc', false],
    ['1.5', '>=1.0 <1.1 || >=1.4,<2', true],
    ['1.5', '>=1.0 <1.1|>2', false],
    ['1.5', '!=1.5', false],
    ['1.5', '<>1.6', true],
    ['1.5', '*', true],
    ['1.5', 'v1.5 as 2.0', true],
    ['dev-main', 'dev-main', true],
    ['dev-main', 'main-dev', true],
    ['dev-main', 'dev-main#abcdef', true],
    ['dev-main', '>=1.0', false],
    ['dev-main', '!=1.0', true],
    ['dev-main', '*', true],
    ['dev-main', 'x.x', false],
    ['1.5', 'dev-main', false],
  ])('decides whether %s is in %s: %s', (version, range, isIn) => {
    expect(satisfiesComposer(version, range)).toBe(isIn);
  });

  it.each([
    ['1.0', ''],
    ['1.0', '~>1.2'],
    ['1.0', '^x'],
    ['1.0', '>=1.0 || what'],
    ['1.0', '^1.2 what'],
    ['what', '^1.0'],
  ])('rejects %j in %j', (version, range) => {
    expect(() => satisfiesComposer(version, range)).toThrow(InvalidInput);
  });
});
