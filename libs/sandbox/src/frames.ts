/**
 * Kinds of messages between the program and a process that reads a layer. Pipes with frames instead
 * of Node's IPC channel: that one encodes and copies every chunk of a blob, and parses what the
 * process sends before its size is known.
 */
export const frameKinds = {
  /** To the process: options of a layer, as JSON. */
  job: 1,
  /** Bytes of the blob. */
  chunk: 2,
  /** End of the blob. */
  end: 3,
  /** From the process: it has started. */
  ready: 4,
  /** Requests the blob from its start, for the `reading`-th time. */
  open: 5,
  /** Reads on, which may take long for a chunk that unpacks to gigabytes. */
  progress: 6,
  done: 7,
  /** Error, as JSON. */
  failed: 8,
} as const;

export interface Frame {
  kind: number;
  /** Number of the reading of the blob that it belongs to. */
  reading: number;
  payload: Buffer;
}

/** Kind, reading and length of the payload. */
export const frameHeadBytes = 8;

export function frameHead(kind: number, reading: number, length: number): Buffer {
  const head = Buffer.allocUnsafe(frameHeadBytes);
  head.writeUInt16LE(kind, 0);
  head.writeUInt16LE(reading & 0xffff, 2);
  head.writeUInt32LE(length, 4);
  return head;
}

export function readFrameHead(head: Buffer): { kind: number; reading: number; length: number } {
  return { kind: head.readUInt16LE(0), reading: head.readUInt16LE(2), length: head.readUInt32LE(4) };
}

/** Splits a byte stream into frames. */
export class FrameReader {
  #pieces: Buffer[] = [];
  #bytes = 0;

  constructor(private readonly maxPayloadBytes: number) {}

  /** @throws RangeError for a frame that is larger than the limit */
  *read(piece: Buffer): Generator<Frame> {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    while (this.#bytes >= frameHeadBytes) {
      const { kind, reading, length } = readFrameHead(this.#head());
      if (length > this.maxPayloadBytes) throw new RangeError(`frame of ${length} bytes`);
      if (this.#bytes < frameHeadBytes + length) return;
      const all = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces);
      const rest = all.subarray(frameHeadBytes + length);
      this.#pieces = rest.length > 0 ? [rest] : [];
      this.#bytes = rest.length;
      yield { kind, reading, payload: all.subarray(frameHeadBytes, frameHeadBytes + length) };
    }
  }

  #head(): Buffer {
    const [first] = this.#pieces;
    if (first!.length >= frameHeadBytes) return first!;
    this.#pieces = [Buffer.concat(this.#pieces)];
    return this.#pieces[0]!;
  }
}
