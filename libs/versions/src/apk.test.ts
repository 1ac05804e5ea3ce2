import { InvalidInput } from '@tidewaiter/domain';
import * as fc from 'fast-check';

import { compareApk } from './apk.js';

const digits = fc.oneof(fc.stringMatching(/^[0-9]{1,4}$/), fc.constantFrom('0', '00', '01', '1', '10'));
const suffix = fc
  .tuple(
    fc.constantFrom('alpha', 'beta', 'pre', 'rc', 'cvs', 'svn', 'git', 'hg', 'p'),
    fc.oneof(fc.constant(''), digits),
  )
  .map(([word, number]) => `_${word}${number}`);
const version = fc
  .tuple(
    fc.array(digits, { minLength: 1, maxLength: 3 }).map((numbers) => numbers.join('.')),
    fc.constantFrom('', '', 'a', 'b'),
    fc.array(suffix, { maxLength: 2 }).map((all) => all.join('')),
    fc.constantFrom('', '', '~ab12', '~0'),
    fc.oneof(
      fc.constant(''),
      digits.map((number) => `-r${number}`),
    ),
  )
  .map((parts) => parts.join(''));

describe('compareApk', () => {
  it.each([
    ['1.2.3', '1.2.10', -1],
    ['1.2_rc1', '1.2', -1],
    ['1.2', '1.2-r0', -1],
    ['1.2-r0', '1.2~ab12', -1],
    ['1.2~ab12', '1.2_git2023', -1],
    ['1.2_git2023', '1.2_p1', -1],
    ['1.2_p1', '1.2b', -1],
    ['1.2b', '1.2.0', -1],
    ['1.2_alpha', '1.2_alpha1', -1],
    ['1.2_alpha_pre', '1.2_alpha', -1],
    ['1.05', '1.1', -1],
    ['01.2', '1.2', 0],
    ['3.1.4-r5', '3.1.4-r05', 0],
    ['3.1.4-r10', '3.1.4-r9', 1],
    // Decided before the part that is not valid.
    ['1.0', '1.0bc', -1],
    ['23_foo', '4_beta', 1],
  ])('compares %s with %s as %i', (a, b, order) => {
    expect(compareApk(a, b)).toBe(order);
    expect(compareApk(b, a)).toBe(order === 0 ? 0 : -order);
  });

  it.each([
    ['', '1'],
    ['latest', '1'],
    ['.1', '1'],
    ['1.2.', '1.2.0'],
    ['1.2_nightly1', '1.2_rc1'],
    ['1.2.r0', '1.2.0'],
    ['1.2-1', '1.2-r1'],
    ['1.2-r', '1.2-r0'],
    ['1.2-r1-r2', '1.2-r1'],
    ['1.2-r1_p1', '1.2-r1'],
    ['1.2~', '1.2~ab'],
    ['1.2~ab~cd', '1.2~ab'],
    ['6.6.2p1', '6.6.2p2'],
    ['1.2 ', '1.2'],
    ['1.2A', '1.2a'],
  ])('rejects %j and %j', (a, b) => {
    expect(() => compareApk(a, b)).toThrow(InvalidInput);
    expect(() => compareApk(b, a)).toThrow(InvalidInput);
  });

  it("compares numbers beyond JavaScript's range", () => {
    const long = '9'.repeat(10_000);
    expect(compareApk(`1.${long}8`, `1.${long}9`)).toBe(-1);
    expect(compareApk(`1-r${'0'.repeat(10_000)}1`, '1-r2')).toBe(-1);
  });

  it('orders any three versions consistently', () => {
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(compareApk(a, a)).toBe(0);
        expect(compareApk(a, b) + compareApk(b, a)).toBe(0);
        if (compareApk(a, b) <= 0 && compareApk(b, c) <= 0) expect(compareApk(a, c)).toBeLessThanOrEqual(0);
      }),
      { numRuns: 2_000 },
    );
  });

  it('accepts or rejects any text', () => {
    fc.assert(
      fc.property(fc.string(), fc.oneof(version, fc.string()), (a, b) => {
        try {
          expect([-1, 0, 1]).toContain(compareApk(a, b));
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidInput);
        }
      }),
    );
  });
});
