import { InvalidInput } from '@tidewaiter/domain';
import * as fc from 'fast-check';

import { compareDpkg } from './dpkg.js';

const text = (pattern: RegExp) => fc.stringMatching(pattern);
const version = fc
  .tuple(
    fc.constantFrom('', '', '0:', '1:', '01:'),
    text(/^[0-9][0-9a-c.+~]{0,5}$/),
    fc.oneof(fc.constant(''), text(/^-[0-9a-c.+~]{1,4}$/), text(/^-[0-9]-[0-9~+]{1,3}$/)),
  )
  .map((parts) => parts.join(''));

describe('compareDpkg', () => {
  it.each([
    ['3.0.11-1~deb12u2', '3.0.11-1', -1],
    ['3.0.11-1~deb12u2', '3.0.11-1~deb12u10', -1],
    ['1.0~rc1', '1.0', -1],
    ['1.0~~', '1.0~', -1],
    ['1.0', '1.0a', -1],
    ['1.0a', '1.0+b1', -1],
    ['1.0', '1.0-0', 0],
    ['1.0', '1.0-1', -1],
    ['1.00', '1.0', 0],
    ['0:1.0', '1.0', 0],
    ['1:0.1', '2.0', 1],
    ['1.0-1-2', '1.0-1-10', -1],
    ['1:1.0:2', '1:1.0:10', -1],
    ['2.28-10+deb10u1', '2.28-10', 1],
    ['2147483647:1', '1', 1],
  ])('compares %s with %s as %i', (a, b, order) => {
    expect(compareDpkg(a, b)).toBe(order);
    expect(compareDpkg(b, a)).toBe(order === 0 ? 0 : -order);
  });

  it.each([
    '',
    'unknown',
    'v1.0',
    '1.0 beta',
    '1.0_1',
    'a:1.0',
    ':1.0',
    '-1:1.0',
    '2147483648:1',
    '1:',
    '1.0-',
    '-1',
    '1.0-1_2',
    '1.0\n',
  ])('rejects %j', (broken) => {
    expect(() => compareDpkg(broken, '1.0')).toThrow(InvalidInput);
    expect(() => compareDpkg('1.0', broken)).toThrow(InvalidInput);
  });

  it("compares numbers beyond JavaScript's range", () => {
    const long = '9'.repeat(10_000);
    expect(compareDpkg(`1.${long}8`, `1.${long}9`)).toBe(-1);
    expect(compareDpkg(`1.${'0'.repeat(10_000)}1`, '1.2')).toBe(-1);
  });

  it('orders any three versions consistently', () => {
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(compareDpkg(a, a)).toBe(0);
        expect(compareDpkg(a, b) + compareDpkg(b, a)).toBe(0);
        if (compareDpkg(a, b) <= 0 && compareDpkg(b, c) <= 0) expect(compareDpkg(a, c)).toBeLessThanOrEqual(0);
      }),
      { numRuns: 2_000 },
    );
  });

  it('puts a tilde before and a plus after the same version', () => {
    fc.assert(
      fc.property(version, text(/^[0-9a-z]{0,4}$/), (base, tail) => {
        expect(compareDpkg(`${base}~${tail}`, base)).toBe(-1);
        expect(compareDpkg(`${base}+${tail}`, base)).toBe(1);
      }),
    );
  });

  it('accepts or rejects any text', () => {
    fc.assert(
      fc.property(fc.string(), fc.oneof(version, fc.string()), (a, b) => {
        try {
          expect([-1, 0, 1]).toContain(compareDpkg(a, b));
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidInput);
        }
      }),
    );
  });
});
