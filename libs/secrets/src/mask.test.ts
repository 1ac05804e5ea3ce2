import * as fc from 'fast-check';

import { fingerprintKeyOf, fingerprintOf, maskOf, valueFingerprints } from './mask.js';

describe('fingerprintKeyOf', () => {
  it.each([
    ['abc', '***'],
    ['hunter2!', 'hu******'],
    ['0123456789abcdef', '0123************'],
    ['\x1b]0;owned', '?]********'.slice(0, 2) + '*******'],
  ])('shows no more than a quarter of %j', (value, masked) => {
    expect(maskOf(value)).toBe(masked);
  });

  it('never shows more than four characters, nor a control character, nor an unbounded text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (value) => {
        const masked = maskOf(Buffer.from(value).toString('latin1'));
        expect(masked).toMatch(/^[\x20-\x7e]{0,4}\**$/);
        expect(masked.length).toBeLessThanOrEqual(28);
      }),
    );
  });

  it('tells the same value by its fingerprint under one key, and nothing under another', () => {
    const [one, other] = [Buffer.from('one'), Buffer.from('other')];
    expect(fingerprintOf('value', one)).toMatch(/^[0-9a-f]{64}$/);
    expect(fingerprintOf('value', one)).toBe(fingerprintOf('value', one));
    expect(fingerprintOf('value', one)).not.toBe(fingerprintOf('value', other));
  });

  it('takes keys that cannot be guessed only', () => {
    expect(fingerprintKeyOf('a key of a pipeline')).toHaveLength(32);
    expect(() => fingerprintKeyOf('too short')).toThrow(expect.objectContaining({ code: 'FINGERPRINT_KEY_SHORT' }));
  });

  it('tells values apart without telling them, under the name of the key', () => {
    const [one, other] = [1, 2].map((fill) => valueFingerprints(Buffer.alloc(32, fill))!);
    expect(one!.of('value')).toBe(valueFingerprints(Buffer.alloc(32, 1))!.of('value'));
    expect(one!.of('value')).not.toBe(one!.of('other'));
    expect([one!.of('value'), one!.by]).not.toEqual([other!.of('value'), other!.by]);
    expect(valueFingerprints(undefined)).toBeNull();
  });
});
