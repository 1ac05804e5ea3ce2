import { anyOne } from '../sigma-string.js';
import { TextUnits } from './text-units.js';

const wordBits = 32;
const latin = 256;

/** Limit on code points of a segment. */
export const longestSegment = 2 * wordBits;

const units = new TextUnits();

/**
 * Shift-And search for text with single wildcards: one step for each code point, whatever text and
 * segment are. Bit n of the state is set if the last n + 1 code points match the first n + 1 of the
 * segment.
 * @see R. Baeza-Yates, G. Gonnet, "A new approach to text searching", 1992
 */
export class ShiftAnd {
  /**
   * Masks in two words: the positions of a character or a wildcard; tables for Latin-1, a map for
   * other characters.
   */
  readonly #low = new Int32Array(latin);
  readonly #high = new Int32Array(latin);
  readonly #others = new Map<number, readonly [low: number, high: number]>();
  readonly #wildcards: readonly [low: number, high: number];
  readonly #lastLow: number;
  readonly #lastHigh: number;

  constructor(segment: readonly (string | typeof anyOne)[]) {
    const codes = codePoints(segment);
    this.#wildcards = masksOf(codes, null);
    this.#low.fill(this.#wildcards[0]);
    this.#high.fill(this.#wildcards[1]);
    for (const code of codes) {
      if (code === null) continue;
      const masks = masksOf(codes, code);
      if (code < latin) [this.#low[code], this.#high[code]] = masks;
      else this.#others.set(code, masks);
    }
    const last = codes.length - 1;
    this.#lastLow = last < wordBits ? 1 << last : 0;
    this.#lastHigh = last < wordBits ? 0 : 1 << (last % wordBits);
  }

  /** Returns the end of the first match from a place on; or -1. */
  find(text: string, from: number): number {
    const length = units.load(text);
    const codes = units.units;
    let [low, high] = [0, 0];
    for (let at = from; at < length;) {
      const code = codes[at]!;
      const carry = low >>> (wordBits - 1);
      if (code < latin) {
        low = ((low << 1) | 1) & this.#low[code]!;
        high = ((high << 1) | carry) & this.#high[code]!;
        at += 1;
      } else {
        const point = text.codePointAt(at)!;
        const [lowMask, highMask] = this.#others.get(point) ?? this.#wildcards;
        low = ((low << 1) | 1) & lowMask;
        high = ((high << 1) | carry) & highMask;
        at += point > 0xffff ? 2 : 1;
      }
      if (((low & this.#lastLow) | (high & this.#lastHigh)) !== 0) return at;
    }
    return -1;
  }
}

/** Returns the code points; null for a wildcard. */
export function codePoints(segment: readonly (string | typeof anyOne)[]): (number | null)[] {
  return segment.flatMap((part) => (part === anyOne ? [null] : Array.from(part, (char) => char.codePointAt(0)!)));
}

function masksOf(codes: readonly (number | null)[], code: number | null): [low: number, high: number] {
  const masks: [number, number] = [0, 0];
  for (const [index, each] of codes.entries())
    if (each === null || each === code) masks[index < wordBits ? 0 : 1] |= 1 << (index % wordBits);
  return masks;
}
