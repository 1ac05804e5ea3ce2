import * as fc from 'fast-check';

const surrogates = { first: 0xd800, count: 0x800 };

/**
 * Any code point but a surrogate, as unit of `fc.string`. Its own `binary` makes a table of all of
 * them, which takes each suite a second and 110 MB.
 */
export const anyCharacter = fc.integer({ min: 0, max: 0x10ffff - surrogates.count }).map(
  (number) => String.fromCodePoint(number < surrogates.first ? number : number + surrogates.count),
  (character) => {
    const [only, ...others] = typeof character === 'string' ? character : '';
    const point = others.length > 0 ? undefined : only?.codePointAt(0);
    if (point === undefined) throw new TypeError('not one character');
    return point < surrogates.first ? point : point - surrogates.count;
  },
);
