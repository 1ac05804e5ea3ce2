import { createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from 'node:zlib';

import { InvalidInput, LimitExceeded } from '@tidewaiter/domain';

import { corrupt, truncated } from './layer-errors.js';
import type { LayerLimits } from './limits.js';
import type { Compression } from './media-types.js';
import { isZstdMagic, splitZstdFrames } from './zstd-frames.js';

// Node's default of 16 KiB makes three times as many round trips to its thread pool and costs two
// thirds of the speed.
const chunkSize = 256 * 1024;

export interface Decompressed {
  /** Detected from the first bytes, regardless of the media type. */
  compression: Compression;
  chunks: AsyncIterable<Buffer>;
}

/**
 * Decompresses a layer as a stream: gzip (also with many members, as in eStargz), zstd (also with
 * many frames, as in zstd:chunked) or none. A chunk of the blob is no longer used once the next one
 * is requested.
 * @throws InvalidInput `UNSUPPORTED_COMPRESSION`; while reading `CORRUPT_LAYER`, `TRUNCATED_LAYER`
 * @throws LimitExceeded `maxUncompressedBytes` while reading
 */
export async function decompress(
  blob: AsyncIterable<Uint8Array>,
  { maxUncompressedBytes }: LayerLimits,
): Promise<Decompressed> {
  const iterator = blob[Symbol.asyncIterator]();
  const head = await readHead(iterator);
  const unsupported = unsupportedCompression(head);
  if (unsupported) {
    await iterator.return?.();
    throw new InvalidInput('UNSUPPORTED_COMPRESSION', `layer compressed with ${unsupported}`);
  }
  const source = replay(head, iterator);
  const compression = detectCompression(head);
  if (compression === 'none') return { compression, chunks: limited(plain(source), maxUncompressedBytes) };
  const engine = compression === 'gzip' ? createGunzip({ chunkSize }) : createZstdDecompress({ chunkSize });
  const chunks = inflate(compression === 'gzip' ? source : splitZstdFrames(source), engine);
  return { compression, chunks: limited(chunks, maxUncompressedBytes) };
}

/** Reads at least the six bytes that identify a compression, if the blob has as many. */
async function readHead(iterator: AsyncIterator<Uint8Array>): Promise<Buffer> {
  let head = Buffer.alloc(0);
  while (head.length < 6) {
    const next = await iterator.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
  }
  return head;
}

async function* replay(head: Buffer, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield head;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

/** Compression by the first bytes of a blob. */
export function detectCompression(head: Buffer): Compression {
  if (head.length < 4) return 'none';
  if (head.readUInt16BE() === 0x1f8b) return 'gzip';
  return isZstdMagic(head.readUInt32LE()) ? 'zstd' : 'none';
}

/** Compression that container runtimes unpack and this does not; undefined if there is none. */
export function unsupportedCompression(head: Uint8Array): string | undefined {
  const start = Buffer.from(head.buffer, head.byteOffset, Math.min(head.byteLength, 6)).toString('latin1');
  if (/^BZh[1-9]1A/.test(start)) return 'bzip2';
  return start === '\u00fd7zXZ\0' ? 'xz' : undefined;
}

async function* plain(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const chunk of source) yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

async function* inflate(source: AsyncIterable<Uint8Array>, engine: Gunzip | ZstdDecompress): AsyncGenerator<Buffer> {
  void feed(source, engine);
  try {
    // A reader that stops early destroys the engine, which ends the feeding.
    yield* engine as AsyncIterable<Buffer>;
  } catch (error) {
    throw explain(error);
  }
}

/**
 * Writes packed chunks one after the other: the source may use the memory of one again when it is
 * asked for the next. Errors of the source become those of the engine.
 */
async function feed(source: AsyncIterable<Uint8Array>, engine: Gunzip | ZstdDecompress): Promise<void> {
  let resume: () => void = () => undefined;
  // An engine that fails does not answer its last write.
  engine.once('close', () => resume());
  try {
    for await (const chunk of source) {
      if (engine.destroyed) return;
      await new Promise<void>((resolve) => {
        resume = resolve;
        engine.write(chunk, () => resolve());
      });
    }
    engine.end();
  } catch (error) {
    engine.destroy(error as Error);
  }
}

function explain(error: unknown): unknown {
  const code = String((error as { code?: unknown }).code);
  if (code === 'Z_BUF_ERROR') return truncated('layer ends inside its compressed data', error);
  if (code.startsWith('Z_') || code.startsWith('ZSTD_')) return corrupt('layer with broken compressed data', error);
  return error;
}

async function* limited(chunks: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new LimitExceeded('maxUncompressedBytes', `layer of more than ${maxBytes} bytes`);
    yield chunk;
  }
}
