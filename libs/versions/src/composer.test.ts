import { InvalidInput } from '@tidewaiter/domain';

import { compareComposer } from './composer.js';

describe('compareComposer', () => {
  it.each([
    ['1.0-dev', '1.0-alpha', -1],
    ['1.0-alpha2', '1.0a10', -1],
    ['1.0-beta', '1.0-beta1', -1],
    ['1.0b1', '1.0-RC1', -1],
    ['1.0-RC1', '1.0', -1],
    ['1.0', '1.0-p1', -1],
    ['1.0-patch2', '1.0-pl10', -1],
    ['1.0-beta2-dev', '1.0-beta2', -1],
    ['v1.0', '1.0.0.0', 0],
    ['1.0.0+build', '1.0', 0],
    ['1.0-stable', '1.0', 0],
    ['1.0-beta.1', '1.0beta1', 0],
    ['1.0.0@dev', '1.0', 0],
    ['1.0 as 2.0', '1.0', 0],
    // A line of development is above all that is released on it, and below the next line.
    ['1.x-dev', '1.99.0', 1],
    ['1.x-dev', '2.0.0-dev', -1],
    ['1.2.x-dev', '1.x-dev', -1],
    ['2010-01-02', '2010.1.3', -1],
    ['20100102', '20100103', -1],
    ['20100102-203040', '20100102.203041', -1],
    ['dev-main', 'dev-main', 0],
    ['master', 'dev-master', 0],
  ])('compares %s with %s as %i', (a, b, order) => {
    expect(compareComposer(a, b)).toBe(order);
    expect(compareComposer(b, a)).toBe(order === 0 ? 0 : -order);
  });

  it.each(['', 'latest', '1.0.0.0.0', '1.0-foo', '11111111111111111111111', 'dev-main', 'master', '1.0-beta1-2-x'])(
    'rejects %j',
    (broken) => {
      expect(() => compareComposer(broken, '1.0')).toThrow(InvalidInput);
      expect(() => compareComposer('1.0', broken)).toThrow(InvalidInput);
    },
  );

  it('rejects two branches', () => {
    expect(() => compareComposer('dev-main', 'dev-next')).toThrow(InvalidInput);
  });
});
