import { anyCharacter } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { fingerprintKeyOf, fingerprintOf, maskOf, valueFingerprints } from './mask.js';

describe('maskOf and fingerprintKeyOf', () => {
  it.each([
    ['abc', '***'],
    ['hunter2!', 'hu******'],
    ['0123456789abcdef', '0123************'],
    ['\x1b]0;owned', '?]********'.slice(0, 2) + '*******'],
  ])('show at most a quarter of %j', (value, masked) => {
    expect(maskOf(value)).toBe(masked);
  });

  it('show at most four characters, no control characters, and a bounded length', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter, maxLength: 400 }), (value) => {
        const masked = maskOf(Buffer.from(value).toString('latin1'));
        expect(masked).toMatch(/^[\x20-\x7e]{0,4}\**$/);
        expect(masked.length).toBeLessThanOrEqual(28);
      }),
    );
  });

  it('identify a value by its fingerprint only under the same key', () => {
    const [one, other] = [Buffer.from('one'), Buffer.from('other')];
    expect(fingerprintOf('value', one)).toMatch(/^[0-9a-f]{64}$/);
    expect(fingerprintOf('value', one)).toBe(fingerprintOf('value', one));
    expect(fingerprintOf('value', one)).not.toBe(fingerprintOf('value', other));
  });

  it('accept only keys that cannot be guessed', () => {
    expect(fingerprintKeyOf('a key of a pipeline')).toHaveLength(32);
    expect(() => fingerprintKeyOf('too short')).toThrow(expect.objectContaining({ code: 'FINGERPRINT_KEY_SHORT' }));
  });

  it('distinguish values without revealing them, by the name of the key', () => {
    const [one, other] = [1, 2].map((fill) => valueFingerprints(Buffer.alloc(32, fill))!);
    expect(one!.of('value')).toBe(valueFingerprints(Buffer.alloc(32, 1))!.of('value'));
    expect(one!.of('value')).not.toBe(one!.of('other'));
    expect([one!.of('value'), one!.by]).not.toEqual([other!.of('value'), other!.by]);
    expect(valueFingerprints(undefined)).toBeNull();
  });
});
