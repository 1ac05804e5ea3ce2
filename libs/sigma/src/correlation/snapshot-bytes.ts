import { InvalidInput } from '@tidewaiter/domain';

/** Limit below which integers are written as varints; all other numbers take eight bytes. */
const maxShort = 2 ** 50;
const firstLength = 1 << 16;

/** Writer of numbers and texts. */
export class SnapshotWriter {
  #bytes = Buffer.allocUnsafe(firstLength);
  #length = 0;

  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** @param value an integer from 0 to 2^53 */
  uint(value: number): void {
    this.#reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length] = (rest % 0x80) + 0x80;
      this.#length += 1;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length] = rest;
    this.#length += 1;
  }

  /** Writes any number without loss. */
  number(value: number): void {
    if (Number.isInteger(value) && Math.abs(value) < maxShort && !Object.is(value, -0)) {
      this.uint(value < 0 ? -value * 4 - 2 : value * 4);
      return;
    }
    this.uint(1);
    this.#reserve(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  text(text: string): void {
    const isWide = /[^\0-\xff]/.test(text);
    const length = isWide ? text.length * 2 : text.length;
    this.uint(text.length * 2 + (isWide ? 1 : 0));
    this.#reserve(length);
    this.#length += this.#bytes.write(text, this.#length, isWide ? 'utf16le' : 'latin1');
  }

  #reserve(length: number): void {
    if (this.#length + length <= this.#bytes.length) return;
    const longer = Buffer.allocUnsafe((this.#bytes.length + length) * 2);
    this.#bytes.copy(longer, 0, 0, this.#length);
    this.#bytes = longer;
  }
}

/** Reader of what the writer wrote; throws when it reads past the end. */
export class SnapshotReader {
  #at = 0;

  constructor(private readonly bytes: Buffer) {}

  uint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 0x80) {
      const byte = this.bytes[this.#at];
      if (byte === undefined) throw malformed();
      this.#at += 1;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  number(): number {
    const written = this.uint();
    if (written % 2 === 0) return written % 4 === 0 ? written / 4 : -(written + 2) / 4;
    const start = this.#skip(8);
    return this.bytes.readDoubleLE(start);
  }

  text(): string {
    const written = this.uint();
    const isWide = written % 2 === 1;
    const length = Math.floor(written / 2) * (isWide ? 2 : 1);
    const start = this.#skip(length);
    return this.bytes.toString(isWide ? 'utf16le' : 'latin1', start, start + length);
  }

  #skip(length: number): number {
    const start = this.#at;
    this.#at += length;
    if (this.#at > this.bytes.length) throw malformed();
    return start;
  }
}

export function malformed(): InvalidInput {
  return new InvalidInput('SNAPSHOT_MALFORMED', 'this is no whole snapshot of correlation state');
}
