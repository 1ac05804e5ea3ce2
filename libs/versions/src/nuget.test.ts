import { InvalidInput } from '@tidewaiter/domain';

import { compareNuget } from './nuget.js';

describe('compareNuget', () => {
  it.each([
    ['1.0', '1.0.0.0', 0],
    ['1.0.0', '1.0.0.1', -1],
    ['1.0.0.1-alpha', '1.0.0', 1],
    ['1.0.0-RC', '1.0.0-rc', 0],
    ['1.0.0-beta.2', '1.0.0-BETA.11', -1],
    ['1.0+test', '1.0.0', 0],
    ['1.01', '1.1', 0],
  ])('compares %s with %s as %i', (a, b, order) => {
    expect(compareNuget(a, b)).toBe(order);
    expect(compareNuget(b, a)).toBe(order === 0 ? 0 : -order);
  });

  it.each(['', '1.0.*', '[1.0]'])('rejects %j', (broken) => {
    expect(() => compareNuget(broken, '1.0')).toThrow(InvalidInput);
    expect(() => compareNuget('1.0', broken)).toThrow(InvalidInput);
  });
});
