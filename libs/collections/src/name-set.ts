/**
 * Bits of a remainder: a name that was never added is found in one of 2^18 lookups. A smaller
 * number saves a bit for each name.
 */
const remainderBits = 18;

/** Bits of the number of names. */
const countBits = 24;

/**
 * Set of names that answers only membership, in some 20 bits a name: a Golomb-coded set of hashes.
 * A name that was added is always found; {@link remainderBits} has the rate of false answers for
 * others. The same names give the same bytes. @see
 * https://github.com/bitcoin/bips/blob/master/bip-0158.mediawiki#golomb-coded-sets
 */
export class NameSet {
  readonly #hashes: ReadonlySet<number>;

  private constructor(
    private readonly range: number,
    hashes: Iterable<number>,
  ) {
    this.#hashes = new Set(hashes);
  }

  /** Encodes at most 2^24 names; repeated ones count once. */
  static encode(names: Iterable<string>): Uint8Array<ArrayBuffer> {
    const distinct = new Set(names);
    const range = distinct.size * 2 ** remainderBits;
    const hashes = Float64Array.from(distinct, (name) => hashIn(range, name)).sort();
    const writer = new BitWriter();
    writer.write(distinct.size, countBits);
    let before = 0;
    for (const hash of hashes) {
      writer.writeUnary(Math.floor((hash - before) / 2 ** remainderBits));
      writer.write((hash - before) % 2 ** remainderBits, remainderBits);
      before = hash;
    }
    return writer.bytes();
  }

  /**
   * Decodes what {@link NameSet.encode} returned.
   * @throws RangeError for bytes that are cut off
   */
  static decode(bytes: Uint8Array): NameSet {
    const reader = new BitReader(bytes);
    const count = reader.read(countBits);
    // Each name takes more bits than its remainder, so that a forged count cannot allocate more.
    if (count * (remainderBits + 1) > bytes.length * 8) throw new RangeError('name set cut off');
    const hashes = new Float64Array(count);
    let hash = 0;
    for (let index = 0; index < count; index += 1) {
      hash += reader.readUnary() * 2 ** remainderBits + reader.read(remainderBits);
      hashes[index] = hash;
    }
    return new NameSet(count * 2 ** remainderBits, hashes);
  }

  has(name: string): boolean {
    return this.#hashes.has(hashIn(this.range, name));
  }
}

/** Maps a name to a number from 0 to below `range`, evenly. */
function hashIn(range: number, name: string): number {
  return Math.floor((hash53(name) / 2 ** 53) * range);
}

/** Two multiplicative hashes of UTF-16 units with the final mix of MurmurHash3, as 53 bits. */
function hash53(name: string): number {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let index = 0; index < name.length; index += 1) {
    const unit = name.charCodeAt(index);
    high = Math.imul(high ^ unit, 0x85ebca6b);
    low = Math.imul(low ^ unit, 0xc2b2ae35);
  }
  high = mixed(high, low);
  low = mixed(low, high);
  return (high & 0x1fffff) * 2 ** 32 + (low >>> 0);
}

function mixed(one: number, other: number): number {
  return Math.imul(one ^ (one >>> 16), 0x85ebca6b) ^ Math.imul(other ^ (other >>> 13), 0xc2b2ae35);
}

/** Bits that are written at once, which with the seven before them fit a 32-bit integer. */
const maxWriteBits = 24;

class BitWriter {
  #bytes = new Uint8Array(1_024);
  #length = 0;
  /** Last bits, less than a byte. */
  #pending = 0;
  #pendingBits = 0;

  write(value: number, bits: number): void {
    this.#pending = (this.#pending << bits) | value;
    this.#pendingBits += bits;
    while (this.#pendingBits >= 8) {
      this.#pendingBits -= 8;
      this.#push((this.#pending >>> this.#pendingBits) & 0xff);
    }
    this.#pending &= 0xff;
  }

  writeUnary(count: number): void {
    let left = count;
    for (; left >= maxWriteBits; left -= maxWriteBits) this.write(2 ** maxWriteBits - 1, maxWriteBits);
    this.write(2 ** (left + 1) - 2, left + 1);
  }

  bytes(): Uint8Array<ArrayBuffer> {
    if (this.#pendingBits > 0) this.write(0, 8 - this.#pendingBits);
    return this.#bytes.slice(0, this.#length);
  }

  #push(byte: number): void {
    if (this.#length === this.#bytes.length) {
      const grown = new Uint8Array(this.#length * 2);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes[this.#length] = byte;
    this.#length += 1;
  }
}

class BitReader {
  #at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  read(bits: number): number {
    let value = 0;
    for (let index = 0; index < bits; index += 1) value = value * 2 + this.#next();
    return value;
  }

  readUnary(): number {
    let count = 0;
    while (this.#next() === 1) count += 1;
    return count;
  }

  #next(): number {
    const byte = this.bytes[this.#at >>> 3];
    if (byte === undefined) throw new RangeError('name set cut off');
    const bit = (byte >>> (7 - (this.#at & 7))) & 1;
    this.#at += 1;
    return bit;
  }
}
