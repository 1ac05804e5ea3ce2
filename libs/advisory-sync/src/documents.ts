import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline, Readable, type Duplex } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';

import { type AdvisoryFormat, bunzip2, formatHeadBytes, formatOfHead, isBzip2 } from '@tidewaiter/advisories';
import { InvalidInput, LimitExceeded } from '@tidewaiter/domain';

/** Limit on one file, decompressed: that of Oracle has some 500 MB. */
const maxDocumentBytes = 8 * 1024 * 1024 * 1024;
const chunkSize = 256 * 1024;

type Decompress = (source: AsyncIterable<Uint8Array>) => AsyncIterable<Buffer>;

/** Compressions of feeds, by their first bytes. */
const compressions: readonly { is: (head: Buffer) => boolean; decompress: Decompress }[] = [
  { is: (head) => startsWith(head, 0x1f, 0x8b), decompress: (source) => inflate(source, createGunzip({ chunkSize })) },
  {
    is: (head) => startsWith(head, 0x28, 0xb5, 0x2f, 0xfd),
    decompress: (source) => inflate(source, createZstdDecompress({ chunkSize })),
  },
  { is: isBzip2, decompress: bunzip2 },
];

function startsWith(head: Buffer, ...magic: number[]): boolean {
  return magic.every((byte, index) => head[index] === byte);
}

/**
 * Bytes of a file, decompressed by its content whatever its name is.
 * @throws InvalidInput `FEED_COMPRESSION` for broken compression
 * @throws LimitExceeded `maxDocumentBytes`
 */
export async function* readDocument(path: string, maxBytes = maxDocumentBytes): AsyncGenerator<Buffer> {
  const head = await readHead(path, 8);
  const found = compressions.find(({ is }) => is(head));
  const packed: AsyncIterable<Buffer> = createReadStream(path);
  let bytes = 0;
  for await (const chunk of found?.decompress(packed) ?? packed) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new LimitExceeded('maxDocumentBytes', `more than ${maxBytes} bytes`);
    yield chunk;
  }
}

/** Format of a file, by its content; undefined for a file of another kind. */
export async function formatOf(path: string): Promise<AdvisoryFormat | undefined> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of readDocument(path)) {
      pieces.push(chunk);
      bytes += chunk.length;
      if (bytes >= formatHeadBytes) break;
    }
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
  }
  return formatOfHead(Buffer.concat(pieces).subarray(0, formatHeadBytes));
}

async function* inflate(source: AsyncIterable<Uint8Array>, engine: Duplex): AsyncGenerator<Buffer> {
  const output: Duplex = pipeline(Readable.from(source), engine, () => undefined);
  try {
    yield* output;
  } catch (cause) {
    const { code } = cause as { code?: unknown };
    if (!/^(Z_|ZSTD_)/.test(String(code))) throw cause;
    throw new InvalidInput('FEED_COMPRESSION', `broken compression (${String(code)})`, { cause });
  }
}

async function readHead(path: string, length: number): Promise<Buffer> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(length) });
  return buffer.subarray(0, bytesRead);
}
