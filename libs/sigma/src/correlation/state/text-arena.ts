/** Allocation unit; the first four bytes of a text hold its length. */
const unitBytes = 8;
const headerBytes = 4;
/**
 * Chunk size: 64 KiB hold any text that correlations store, or sixteen of the longest as JSON.
 * Chunks are never copied to make room.
 */
const chunkBits = 13;
const chunkUnits = 1 << chunkBits;

/**
 * Arena that stores texts as bytes in a few large chunks: less than half the size of strings, and
 * no objects for the garbage collector.
 */
export class TextArena {
  readonly #chunks: Uint8Array[] = [];
  #end = 0;
  /** Freed places, by their number of units. */
  readonly #free = new Map<number, number[]>();

  /** Stores a text and returns its place. */
  add(text: string): number {
    const isWide = hasWide(text);
    const place = this.#place(unitsOf(text.length, isWide));
    const chunk = this.#chunkOf(place);
    const start = startOf(place);
    writeHeader(chunk, start, text.length * 2 + (isWide ? 1 : 0));
    for (let index = 0, at = start + headerBytes; index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      chunk[at++] = code;
      if (isWide) chunk[at++] = code >>> 8;
    }
    return place;
  }

  remove(place: number): void {
    const header = readHeader(this.#chunkOf(place), startOf(place));
    const units = unitsOf(header >>> 1, (header & 1) === 1);
    const free = this.#free.get(units);
    if (free) free.push(place);
    else this.#free.set(units, [place]);
  }

  textOf(place: number): string {
    const chunk = this.#chunkOf(place);
    const start = startOf(place);
    const header = readHeader(chunk, start);
    const bytes = Buffer.from(chunk.buffer, start + headerBytes, header & 1 ? (header >>> 1) * 2 : header >>> 1);
    return bytes.toString(header & 1 ? 'utf16le' : 'latin1');
  }

  /** Whether the text at a place equals `text`. */
  is(place: number, text: string): boolean {
    const chunk = this.#chunkOf(place);
    const start = startOf(place);
    const header = readHeader(chunk, start);
    if (header >>> 1 !== text.length) return false;
    const isWide = (header & 1) === 1;
    for (let index = 0, at = start + headerBytes; index < text.length; index += 1) {
      let code = chunk[at++]!;
      if (isWide) code |= chunk[at++]! << 8;
      if (code !== text.charCodeAt(index)) return false;
    }
    return true;
  }

  #chunkOf(place: number): Uint8Array {
    return this.#chunks[place >>> chunkBits]!;
  }

  #place(units: number): number {
    const given = this.#free.get(units)?.pop();
    if (given !== undefined) return given;
    // A text does not cross the end of a chunk; the rest of the chunk stays unused.
    if ((this.#end & (chunkUnits - 1)) + units > chunkUnits) this.#end = (this.#end | (chunkUnits - 1)) + 1;
    const place = this.#end;
    this.#end += units;
    if (place >>> chunkBits === this.#chunks.length) this.#chunks.push(new Uint8Array(chunkUnits * unitBytes));
    return place;
  }
}

function startOf(place: number): number {
  return (place & (chunkUnits - 1)) * unitBytes;
}

function writeHeader(chunk: Uint8Array, at: number, header: number): void {
  chunk[at] = header;
  chunk[at + 1] = header >>> 8;
  chunk[at + 2] = header >>> 16;
}

function readHeader(chunk: Uint8Array, at: number): number {
  return chunk[at]! | (chunk[at + 1]! << 8) | (chunk[at + 2]! << 16);
}

function hasWide(text: string): boolean {
  let codes = 0;
  for (let index = 0; index < text.length; index += 1) codes |= text.charCodeAt(index);
  return codes > 0xff;
}

function unitsOf(length: number, isWide: boolean): number {
  return Math.ceil((headerBytes + (isWide ? length * 2 : length)) / unitBytes);
}
