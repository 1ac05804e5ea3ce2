import { createHash } from 'node:crypto';

import { InvalidInput, Unavailable, type Digest } from '@tidewaiter/domain';

import { backoffMs, pause } from './retry.js';

export interface BlobDescriptor {
  digest: Digest;
  /** Bytes. */
  size: number;
}

/** Rest of a blob, from the position at which the registry resumes. */
export interface BlobPart {
  /** Position of the first byte; lower than requested if the server does not support ranges. */
  start: number;
  body: AsyncIterable<Uint8Array>;
}

const MAX_FAILURES = 4;
/**
 * Progress after which a broken connection does not count as a failure, so that big layers come
 * through bad networks.
 */
const MIN_PROGRESS_BYTES = 1024 * 1024;

/**
 * Streams a blob, resumes after a broken connection, and checks size and digest. The bytes are not
 * trustworthy until the end is reached without an error.
 * @throws InvalidInput `SIZE_MISMATCH` at the first byte too many or the last too few,
 * `DIGEST_MISMATCH` at the end
 * @throws Unavailable when the connection keeps breaking
 */
export async function* readBlob(
  { digest, size }: BlobDescriptor,
  open: (from: number) => Promise<BlobPart>,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let received = 0;
  for (let failures = 0; ;) {
    const before = received;
    let broken: unknown;
    try {
      for await (const chunk of unseen(await open(received), received)) {
        received += chunk.length;
        if (received > size) throw sizeMismatch(digest, `more than the declared ${size} bytes`);
        hash.update(chunk);
        yield chunk;
      }
    } catch (error) {
      if (!isBrokenConnection(error)) throw error;
      broken = error;
    }
    if (received === size) break;
    failures = received - before >= MIN_PROGRESS_BYTES ? 1 : failures + 1;
    if (failures === MAX_FAILURES) throw broken ?? sizeMismatch(digest, `${received} of the declared ${size} bytes`);
    await pause(backoffMs(failures), signal);
  }
  const actual = `sha256:${hash.digest('hex')}`;
  if (actual !== digest) throw new InvalidInput('DIGEST_MISMATCH', `asked for ${digest}, got ${actual}`);
}

export function sizeMismatch(digest: Digest, found: string): InvalidInput {
  return new InvalidInput('SIZE_MISMATCH', `blob ${digest} has ${found}`);
}

/**
 * Drops bytes that an earlier connection already delivered; the hash over everything detects
 * differences.
 */
async function* unseen({ start, body }: BlobPart, received: number): AsyncGenerator<Uint8Array> {
  let skip = received - start;
  for await (const chunk of body) {
    if (skip < chunk.length) yield chunk.subarray(skip);
    skip = Math.max(0, skip - chunk.length);
  }
}

function isBrokenConnection(error: unknown): boolean {
  return error instanceof Unavailable && (error.code === 'EGRESS_UNREACHABLE' || error.code === 'EGRESS_TIMEOUT');
}
