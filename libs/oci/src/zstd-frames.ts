import { ByteWalk, pass, take, type ByteParser, type Demand } from './byte-walk.js';
import { corrupt, truncated } from './layer-errors.js';

const frameMagic = 0xfd2fb528;
const rleBlock = 1;

export function isZstdMagic(magic: number): boolean {
  return magic === frameMagic || isSkippable(magic);
}

function isSkippable(magic: number): boolean {
  return magic >>> 4 === 0x184d2a5;
}

/**
 * Splits zstd data at the ends of its frames and drops skippable frames: Node's decompressor loses
 * bytes after a frame in the same write, and zstd:chunked layers have a frame for each file.
 * @throws InvalidInput `CORRUPT_LAYER`, `TRUNCATED_LAYER`
 * @see https://www.rfc-editor.org/rfc/rfc8878 section 3.1
 */
export async function* splitZstdFrames(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = [];
  let ready: Buffer[] = [];
  const cut = () => {
    if (pieces.length > 0) ready.push(Buffer.concat(pieces));
    pieces = [];
  };
  const walk = new ByteWalk(parseFrames((piece) => pieces.push(piece), cut));
  for await (const chunk of source) {
    walk.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    cut();
    yield* ready;
    ready = [];
  }
  walk.end();
}

function* parseFrames(keep: (piece: Buffer) => void, endFrame: () => void): ByteParser {
  for (;;) {
    const magic = yield* take(4);
    if (magic.length === 0) return;
    if (magic.length < 4) throw truncated('zstd layer ends inside a frame');
    if (isSkippable(magic.readUInt32LE())) {
      yield* skipFrame();
    } else {
      if (magic.readUInt32LE() !== frameMagic) throw corrupt('zstd layer with something else behind a frame');
      keep(magic);
      yield* readFrame(keep);
      endFrame();
    }
  }
}

function* skipFrame(): ByteParser {
  const size = yield* need(4);
  if ((yield* pass(size.readUInt32LE())) > 0) throw truncated('zstd layer ends inside a skippable frame');
}

function* readFrame(keep: (piece: Buffer) => void): ByteParser {
  const start = yield* need(1);
  const descriptor = start[0]!;
  keep(start);
  keep(yield* need(frameHeaderBytes(descriptor)));
  for (let isLast = false; !isLast;) {
    const block = yield* need(3);
    keep(block);
    const header = block.readUIntLE(0, 3);
    isLast = (header & 1) === 1;
    const bytes = ((header >> 1) & 3) === rleBlock ? 1 : header >> 3;
    if ((yield* pass(bytes, keep)) > 0) throw truncated('zstd layer ends inside a block');
  }
  const hasChecksum = (descriptor & 4) !== 0;
  if (hasChecksum) keep(yield* need(4));
}

/** Bytes of window descriptor, dictionary id and content size. */
function frameHeaderBytes(descriptor: number): number {
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const contentSize = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  const dictionaryId = [0, 1, 2, 4][descriptor & 3]!;
  return (isSingleSegment ? 0 : 1) + dictionaryId + contentSize;
}

function* need(bytes: number): Generator<Demand, Buffer, Buffer> {
  const piece = yield* take(bytes);
  if (piece.length < bytes) throw truncated('zstd layer ends inside a frame');
  return piece;
}
