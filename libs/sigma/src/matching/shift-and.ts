import { anyOne } from '../sigma-string.js';

const wordBits = 32;
const latin = 256;

/**
 * Finds text with single wildcards in it: one step for each code point and 32 code points of what is looked for, whatever both
 * are. Bit n of the state says that the last n + 1 code points are the first n + 1 of it.
 * @see R. Baeza-Yates, G. Gonnet, "A new approach to text searching", 1992
 */
export class ShiftAnd {
  readonly #words: number;
  readonly #lastBit: number;
  /** Where the wildcards are. */
  readonly #others: Int32Array;
  /** Wildcards and where a character is, by word, for the first characters of Unicode in one table. */
  readonly #latin: Int32Array;
  readonly #rest = new Map<number, Int32Array>();
  readonly #state: Int32Array;

  constructor(segment: readonly (string | typeof anyOne)[]) {
    const codes = codePoints(segment);
    this.#words = Math.ceil(codes.length / wordBits);
    this.#lastBit = 1 << ((codes.length - 1) % wordBits);
    this.#state = new Int32Array(this.#words);
    this.#others = maskOf(codes, null);
    this.#latin = new Int32Array(latin * this.#words);
    for (let code = 0; code < latin; code += 1) this.#latin.set(maskOf(codes, code), code * this.#words);
    for (const code of codes) if (code !== null && code >= latin) this.#rest.set(code, maskOf(codes, code));
  }

  /** Where the first place that it fits at, from a place on, ends; or -1. */
  find(text: string, from: number): number {
    return this.#words === 1 ? this.#findShort(text, from) : this.#findLong(text, from);
  }

  /** The same for what one word has room for, which nearly everything is. */
  #findShort(text: string, from: number): number {
    const [latinMasks, lastBit] = [this.#latin, this.#lastBit];
    let state = 0;
    for (let at = from; at < text.length;) {
      const code = text.charCodeAt(at);
      if (code < latin) {
        state = ((state << 1) | 1) & latinMasks[code]!;
        at += 1;
      } else {
        const point = text.codePointAt(at)!;
        state = ((state << 1) | 1) & (this.#rest.get(point) ?? this.#others)[0]!;
        at += point > 0xffff ? 2 : 1;
      }
      if ((state & lastBit) !== 0) return at;
    }
    return -1;
  }

  #findLong(text: string, from: number): number {
    const state = this.#state.fill(0);
    const words = this.#words;
    for (let at = from; at < text.length;) {
      const code = text.codePointAt(at)!;
      at += code > 0xffff ? 2 : 1;
      const masks = code < latin ? this.#latin : (this.#rest.get(code) ?? this.#others);
      const start = code < latin ? code * words : 0;
      let carry = 1;
      for (let word = 0; word < words; word += 1) {
        const old = state[word]!;
        state[word] = ((old << 1) | carry) & masks[start + word]!;
        carry = old >>> (wordBits - 1);
      }
      if ((state[words - 1]! & this.#lastBit) !== 0) return at;
    }
    return -1;
  }
}

/** Null for a wildcard. */
export function codePoints(segment: readonly (string | typeof anyOne)[]): (number | null)[] {
  return segment.flatMap((part) => (part === anyOne ? [null] : Array.from(part, (char) => char.codePointAt(0)!)));
}

function maskOf(codes: readonly (number | null)[], code: number | null): Int32Array {
  const mask = new Int32Array(Math.ceil(codes.length / wordBits));
  for (const [index, each] of codes.entries())
    if (each === null || each === code) mask[Math.floor(index / wordBits)]! |= 1 << (index % wordBits);
  return mask;
}
