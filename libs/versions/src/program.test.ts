import { InvalidInput } from '@tidewaiter/domain';

import { compareProgram } from './program.js';

describe('compareProgram', () => {
  it.each([
    ['1.20', '1.20.0', 0],
    ['10', '10.0.0', 0],
    ['1.9', '1.10', -1],
    ['1.1.1', '1.1.1k', -1],
    ['1.1.1k', '1.1.1l', -1],
    ['1.1.1w', '1.1.2', -1],
    ['1.0.2z', '1.0.2za', -1],
    ['0.9.8zh', '1.0.0', -1],
    ['7.2', '7.2p2', -1],
    ['7.2p1', '7.2p2', -1],
    ['7.2p2', '7.3', -1],
    ['1.8.0_312', '1.8.0_322', -1],
    ['1.8.0', '1.8.0_5', -1],
    ['8u312', '8u45', 1],
    ['2.7.7p221', '2.7.7', 1],
    ['3.13.0a1', '3.13.0b1', -1],
    ['3.13.0b4', '3.13.0rc1', -1],
    ['3.13.0rc2', '3.13.0', -1],
    ['1.0-rc1', '1.0.0-rc1', 0],
    ['1.0-rc1', '1.0.0', -1],
    ['8.3.0RC3', '8.3.0', -1],
    ['1.3.8c', '1.3.8rc2', 1],
    ['9.0.50', '9.0.50.1', -1],
    ['4.0:beta_4_patch1', '4.0', -1],
    ['RELEASE.2023-03-20T20-16-18Z', '2023-03-20t20-16-18z', 0],
    ['RELEASE.2023-03-13T19-46-17Z', '2023-03-20t20-16-18z', -1],
    ['17.0.9+9', '17.0.9', 0],
    ['v1.2.3', ' 1.2.3\n', 0],
    ['1.0.2k-fips', '1.0.2k', 0],
  ])('compares %s with %s as %i', (a, b, order) => {
    expect(compareProgram(a, b)).toBe(order);
    expect(compareProgram(b, a)).toBe(order === 0 ? 0 : 0 - order);
  });

  it('compares an unknown word with nothing but itself', () => {
    expect(compareProgram('1.2-debian', '1.2-debian')).toBe(0);
    expect(compareProgram('1.2-debian', '1.3')).toBe(-1);
    expect(() => compareProgram('1.2-debian', '1.2')).toThrow(InvalidInput);
  });

  it.each(['', '-', 'n/a', 'unspecified', 'rc1', '1,2', '1(2)'])('rejects %j', (broken) => {
    expect(() => compareProgram(broken, '1.0')).toThrow(InvalidInput);
    expect(() => compareProgram('1.0', broken)).toThrow(InvalidInput);
  });
});
