import { InvalidInput } from '@tidewaiter/domain';

/** Start of a block and end of a stream: the digits of pi, and of its root. */
const blockMagic = [0x31_41_59, 0x26_53_59] as const;
const endMagic = [0x17_72_45, 0x38_50_90] as const;

const maxBlockBytes = 900_000;
/** More than a compressed block can have: 20 bits for each symbol, and the tables. */
const maxPackedBytes = 2_400_000;
const maxCodeBits = 20;
const groupSymbols = 50;
const [runA, runB] = [0, 1];

/**
 * Decompresses bzip2 as a stream, one block at a time; also streams one after another, as of
 * parallel compressors. Checksums are verified.
 * @throws InvalidInput `FEED_COMPRESSION`
 */
export async function* bunzip2(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void, undefined> {
  const input = new BlockInput(source);
  const tables = new Tables();
  let streams = 0;
  for (;;) {
    const bits = await input.ready();
    if (bits.isEmpty) break;
    const capacity = readLevel(bits) * 100_000;
    let combined = 0;
    for (;;) {
      const block = await input.ready();
      const magic = [block.read(24), block.read(24)];
      const checksum = ((block.read(16) << 16) | block.read(16)) >>> 0;
      if (magic[0] === endMagic[0] && magic[1] === endMagic[1]) {
        if (checksum !== combined) throw broken('wrong checksum of the stream');
        break;
      }
      if (magic[0] !== blockMagic[0] || magic[1] !== blockMagic[1]) throw broken('no block where one should start');
      const { bytes, crc } = unrun(tables.readBlock(block, capacity));
      if (crc !== checksum) throw broken('wrong checksum of a block');
      combined = (((combined << 1) | (combined >>> 31)) ^ crc) >>> 0;
      yield bytes;
    }
    bits.align();
    streams += 1;
  }
  if (streams === 0) throw broken('it is empty');
}

export function isBzip2(head: Uint8Array): boolean {
  return head.length >= 4 && Buffer.from(head.subarray(0, 3)).toString('latin1') === 'BZh';
}

function readLevel(bits: BitReader): number {
  const magic = bits.read(24);
  const level = bits.read(8) - 0x30;
  if (magic !== 0x42_5a_68 || level < 1 || level > 9) throw broken('no bzip2 header');
  return level;
}

function broken(reason: string): InvalidInput {
  return new InvalidInput('FEED_COMPRESSION', `broken bzip2: ${reason}`);
}

/** Buffers enough input for the next block. */
class BlockInput {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #bits = new BitReader();
  #isOver = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  async ready(): Promise<BitReader> {
    const pieces: Uint8Array[] = [];
    let bytes = this.#bits.left;
    while (!this.#isOver && bytes < maxPackedBytes) {
      const next = await this.#source.next();
      if (next.done) this.#isOver = true;
      else {
        pieces.push(next.value);
        bytes += next.value.length;
      }
    }
    if (pieces.length > 0) this.#bits.append(pieces);
    return this.#bits;
  }
}

/** Bits of bytes, the highest first. */
class BitReader {
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #held = 0;
  #count = 0;

  /** Whole bytes that are not read. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  get isEmpty(): boolean {
    return this.left === 0 && this.#count < 8;
  }

  append(pieces: readonly Uint8Array[]): void {
    this.#bytes = Buffer.concat([this.#bytes.subarray(this.#at), ...pieces]);
    this.#at = 0;
  }

  /** @param count at most 24 */
  read(count: number): number {
    while (this.#count < count) {
      if (this.#at >= this.#bytes.length) throw broken('it ends too early');
      this.#held = ((this.#held << 8) | this.#bytes[this.#at]!) >>> 0;
      this.#at += 1;
      this.#count += 8;
    }
    this.#count -= count;
    const value = (this.#held >>> this.#count) & ((1 << count) - 1);
    this.#held &= (1 << this.#count) - 1;
    return value;
  }

  /** Skips to the next whole byte. */
  align(): void {
    this.read(this.#count % 8);
  }
}

/** Huffman codes of one group, by their lengths. */
interface Codes {
  /** Highest code of each length; -1 for a length without codes. */
  limits: Int32Array;
  /** Difference between a code of a length and the index of its symbol. */
  bases: Int32Array;
  symbols: Uint16Array;
}

/** Memory for one block, which is used again for the next. */
class Tables {
  readonly #links = new Uint32Array(maxBlockBytes);
  readonly #bytes = new Uint8Array(maxBlockBytes);

  /** Bytes of a block, still run-length encoded. */
  readBlock(bits: BitReader, capacity: number): Uint8Array {
    if (bits.read(1) === 1) throw broken('a randomized block');
    const start = bits.read(24);
    const used = readUsed(bits);
    const symbolCount = used.length + 2;
    const groupCount = bits.read(3);
    const selectorCount = bits.read(15);
    if (groupCount < 2 || groupCount > 6 || selectorCount === 0) throw broken('a block without codes');
    const selectors = readSelectors(bits, selectorCount, groupCount);
    const groups = Array.from({ length: groupCount }, () => readCodes(bits, symbolCount));
    const length = this.#readSymbols(bits, { selectors, groups, used, capacity });
    if (start >= length) throw broken('a block that starts outside of itself');
    return this.#undoTransform(start, length);
  }

  /** Undoes Huffman codes, run lengths of zeros and move-to-front; counts bytes into the links. */
  #readSymbols(
    bits: BitReader,
    { selectors, groups, used, capacity }: { selectors: number[]; groups: Codes[]; used: number[]; capacity: number },
  ): number {
    const order = Uint8Array.from(used);
    const end = used.length + 1;
    const links = this.#links;
    let length = 0;
    let run = 0;
    let weight = 1;
    let selected = 0;
    for (;;) {
      const group = groups[selectors[selected] ?? -1];
      if (!group) throw broken('a block without an end');
      selected += 1;
      for (let index = 0; index < groupSymbols; index += 1) {
        const symbol = readSymbol(bits, group);
        if (symbol <= runB) {
          run += symbol === runA ? weight : weight * 2;
          weight *= 2;
          if (run > capacity) throw broken('a block that is too long');
          continue;
        }
        if (run > 0) {
          if (length + run > capacity) throw broken('a block that is too long');
          links.fill(order[0]!, length, length + run);
          length += run;
          run = 0;
          weight = 1;
        }
        if (symbol === end) return length;
        if (length >= capacity) throw broken('a block that is too long');
        const byte = order[symbol - 1]!;
        order.copyWithin(1, 0, symbol - 1);
        order[0] = byte;
        links[length] = byte;
        length += 1;
      }
    }
  }

  /** Undoes the Burrows-Wheeler transform. The links hold a byte in their low bits. */
  #undoTransform(start: number, length: number): Uint8Array {
    const links = this.#links;
    const places = new Uint32Array(256);
    for (let at = 0; at < length; at += 1) places[links[at]! & 0xff]! += 1;
    let sum = 0;
    for (let byte = 0; byte < 256; byte += 1) {
      const count = places[byte]!;
      places[byte] = sum;
      sum += count;
    }
    for (let at = 0; at < length; at += 1) {
      const byte = links[at]! & 0xff;
      const place = places[byte]!;
      places[byte] = place + 1;
      links[place] = (links[place]! | (at << 8)) >>> 0;
    }
    const bytes = this.#bytes;
    let at = links[start]! >>> 8;
    for (let index = 0; index < length; index += 1) {
      const link = links[at]!;
      bytes[index] = link & 0xff;
      at = link >>> 8;
    }
    return bytes.subarray(0, length);
  }
}

/** Bytes that a block uses, in their order. */
function readUsed(bits: BitReader): number[] {
  const used: number[] = [];
  const ranges = bits.read(16);
  for (let range = 0; range < 16; range += 1) {
    if ((ranges & (0x80_00 >> range)) === 0) continue;
    const inRange = bits.read(16);
    for (let each = 0; each < 16; each += 1) if (inRange & (0x80_00 >> each)) used.push(range * 16 + each);
  }
  if (used.length === 0) throw broken('a block without bytes');
  return used;
}

function readSelectors(bits: BitReader, count: number, groups: number): number[] {
  const order = Array.from({ length: groups }, (_, index) => index);
  return Array.from({ length: count }, () => {
    let place = 0;
    while (bits.read(1) === 1) {
      place += 1;
      if (place >= groups) throw broken('an unknown group of codes');
    }
    const [group] = order.splice(place, 1);
    order.unshift(group!);
    return group!;
  });
}

function readCodes(bits: BitReader, symbolCount: number): Codes {
  const lengths: number[] = [];
  let length = bits.read(5);
  for (let symbol = 0; symbol < symbolCount; symbol += 1) {
    while (bits.read(1) === 1) {
      length += bits.read(1) === 0 ? 1 : -1;
      if (length < 1 || length > maxCodeBits) break;
    }
    if (length < 1 || length > maxCodeBits) throw broken('a code of an impossible length');
    lengths.push(length);
  }
  const symbols: number[] = [];
  const limits = new Int32Array(maxCodeBits + 2).fill(-1);
  const bases = new Int32Array(maxCodeBits + 2);
  let code = 0;
  for (let size = 1; size <= maxCodeBits; size += 1) {
    const first = symbols.length;
    for (const [symbol, own] of lengths.entries()) if (own === size) symbols.push(symbol);
    bases[size] = code - first;
    code += symbols.length - first;
    if (code > 1 << size) throw broken('codes that overlap');
    if (symbols.length > first) limits[size] = code - 1;
    code <<= 1;
  }
  return { limits, bases, symbols: Uint16Array.from(symbols) };
}

function readSymbol(bits: BitReader, { limits, bases, symbols }: Codes): number {
  let code = 0;
  for (let size = 1; size <= maxCodeBits; size += 1) {
    code = (code << 1) | bits.read(1);
    if (code <= limits[size]!) {
      const symbol = symbols[code - bases[size]!];
      if (symbol !== undefined) return symbol;
    }
  }
  throw broken('an unknown code');
}

/** Expands runs: four equal bytes are followed by a number of further ones. */
function unrun(packed: Uint8Array): { bytes: Buffer; crc: number } {
  let length = 0;
  let equal = 0;
  for (let at = 0; at < packed.length; at += 1) {
    if (equal === 4) {
      length += packed[at]!;
      equal = 0;
      continue;
    }
    equal = equal > 0 && packed[at] === packed[at - 1] ? equal + 1 : 1;
    length += 1;
  }
  const bytes = Buffer.allocUnsafe(length);
  let crc = 0xff_ff_ff_ff;
  let to = 0;
  equal = 0;
  for (let at = 0; at < packed.length; at += 1) {
    const byte = packed[at]!;
    if (equal === 4) {
      const value = packed[at - 1]!;
      for (let index = 0; index < byte; index += 1) {
        bytes[to] = value;
        to += 1;
        crc = (crc << 8) ^ crcTable[((crc >>> 24) ^ value) & 0xff]!;
      }
      equal = 0;
      continue;
    }
    equal = equal > 0 && byte === packed[at - 1] ? equal + 1 : 1;
    bytes[to] = byte;
    to += 1;
    crc = (crc << 8) ^ crcTable[((crc >>> 24) ^ byte) & 0xff]!;
  }
  return { bytes, crc: ~crc >>> 0 };
}

/** Table of the checksum, whose bits are in the opposite order of zlib's. */
const crcTable = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x80_00_00_00 ? (crc << 1) ^ 0x04_c1_1d_b7 : crc << 1;
  return crc;
});
