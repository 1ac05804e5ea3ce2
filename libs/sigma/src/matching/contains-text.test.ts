import * as fc from 'fast-check';

import { containsText } from './contains-text.js';

const text = fc.string({ unit: fc.constantFrom('a', 'b', 'é'), maxLength: 400, size: 'max' });

describe('containsText', () => {
  it('answers as includes does', () => {
    fc.assert(
      fc.property(text, text, fc.nat(400), fc.nat(60), (whole, other, start, length) => {
        for (const wanted of [other, other.slice(0, length), whole.slice(start, start + length)])
          expect(containsText(whole, wanted)).toBe(whole.includes(wanted));
      }),
    );
  });

  it.each([
    ['a'.repeat(1_000), `${'a'.repeat(300)}b${'a'.repeat(300)}`, false],
    [`${'ab'.repeat(400)}a`, 'ba'.repeat(400), true],
    ['x'.repeat(300), '', true],
    ['x'.repeat(300), 'x'.repeat(301), false],
  ])('a text with much that looks alike (%#)', (whole, wanted, expected) => {
    expect(containsText(whole, wanted)).toBe(expected);
  });
});
