import { InvalidInput } from '@tidewaiter/domain';

import { compareGo } from './go.js';

describe('compareGo', () => {
  it.each([
    ['v1.2.3', 'v1.2.10', -1],
    ['v1.2.3', '1.2.3', 0],
    ['v1', 'v1.0.0', 0],
    ['v2.0.0+incompatible', 'v2.0.0', 0],
    ['v0.0.0-20200622213623-75b288015ac9', 'v0.0.0-20210622213623-0123456789ab', -1],
    // A pseudo-version lies between the tag before it and the next one.
    ['v1.2.4-0.20230102030405-0123456789ab', 'v1.2.3', 1],
    ['v1.2.4-0.20230102030405-0123456789ab', 'v1.2.4', -1],
    ['v1.2.3-pre.0.20230102030405-0123456789ab', 'v1.2.3-pre', 1],
    // Go itself.
    ['go1.21.3', '1.21.3', 0],
    ['go1.21', 'go1.21.0', 0],
    ['go1.21rc2', 'go1.21.0', -1],
    ['go1.21rc2', '1.21.0-rc.2', 0],
    ['go1.9rc2', 'go1.9rc10', -1],
    ['go1.9beta2', 'go1.9rc1', -1],
    ['go1.21.3-bigcorp', 'go1.21.3', 0],
    ['go1.21.3 X:boringcrypto', 'go1.21.3', 0],
    ['1.20.0-0', 'go1.20rc1', -1],
  ])('compares %s with %s as %i', (a, b, order) => {
    expect(compareGo(a, b)).toBe(order);
    expect(compareGo(b, a)).toBe(order === 0 ? 0 : -order);
  });

  it.each(['', '(devel)', 'devel go1.22-abcdef', 'master', 'go', 'v1.2.3-'])('rejects %j', (broken) => {
    expect(() => compareGo(broken, 'v1.0.0')).toThrow(InvalidInput);
    expect(() => compareGo('v1.0.0', broken)).toThrow(InvalidInput);
  });
});
