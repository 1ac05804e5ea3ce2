/**
 * Next read request of a parser: with `whole`, exactly `bytes` bytes in one piece; otherwise any
 * piece of up to `bytes` bytes. A shorter (or empty) answer means that the input has ended.
 */
export interface Demand {
  bytes: number;
  whole: boolean;
}

/** Parser of a byte format, written top down: it yields demands and receives bytes. */
export type ByteParser = Generator<Demand, void, Buffer>;

const nothing = Buffer.alloc(0);

/** Takes exactly `bytes` bytes in one piece; less only at the end of the input. */
export function* take(bytes: number): Generator<Demand, Buffer, Buffer> {
  return bytes === 0 ? nothing : yield { bytes, whole: true };
}

/**
 * Passes `bytes` bytes to `sink` in pieces as they arrive.
 * @returns number of missing bytes when the input ended
 */
export function* pass(bytes: number, sink?: (piece: Buffer) => void): Generator<Demand, number, Buffer> {
  let left = bytes;
  while (left > 0) {
    const piece = yield { bytes: left, whole: false };
    if (piece.length === 0) return left;
    sink?.(piece);
    left -= piece.length;
  }
  return 0;
}

/**
 * Feeds a parser from chunks of any size, synchronously: a layer has up to a million entries, and a
 * promise for each would cost more than reading it. Holds back no more than one `whole` demand, of
 * which it keeps a copy.
 */
export class ByteWalk {
  readonly #parser: ByteParser;
  #demand: Demand | undefined;
  #held: Buffer[] = [];
  #heldBytes = 0;

  constructor(parser: ByteParser) {
    this.#parser = parser;
    this.#answer(parser.next());
  }

  /** @throws whatever the parser throws */
  write(chunk: Buffer): void {
    let offset = 0;
    while (offset < chunk.length && this.#demand !== undefined) {
      const { bytes, whole } = this.#demand;
      const piece = chunk.subarray(offset, offset + bytes - this.#heldBytes);
      offset += piece.length;
      if (whole && this.#heldBytes + piece.length < bytes) this.#hold(piece);
      else this.#feed(piece);
    }
  }

  /** Signals the end of the input to the parser. */
  end(): void {
    while (this.#demand !== undefined) this.#feed(nothing);
  }

  #hold(piece: Buffer): void {
    // The chunk's memory is released when the next one arrives.
    this.#held.push(Buffer.from(piece));
    this.#heldBytes += piece.length;
  }

  #feed(piece: Buffer): void {
    const bytes = this.#heldBytes === 0 ? piece : Buffer.concat([...this.#held, piece]);
    this.#held = [];
    this.#heldBytes = 0;
    this.#answer(this.#parser.next(bytes));
  }

  #answer({ done, value }: IteratorResult<Demand, void>): void {
    this.#demand = done ? undefined : (value ?? undefined);
  }
}
