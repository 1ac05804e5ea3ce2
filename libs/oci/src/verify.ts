import { createHash } from 'node:crypto';

import { InvalidInput } from '@tidewaiter/domain';

import type { Descriptor } from './manifest.js';

/**
 * Passes a blob on and verifies it. Data is only valid once the end is reached without an error.
 * @throws InvalidInput `SIZE_MISMATCH`, `DIGEST_MISMATCH`
 */
export async function* verified(
  blob: AsyncIterable<Uint8Array>,
  { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let received = 0;
  for await (const chunk of blob) {
    received += chunk.length;
    if (received > size)
      throw new InvalidInput('SIZE_MISMATCH', `blob ${digest} has more than the declared ${size} bytes`);
    hash.update(chunk);
    yield chunk;
  }
  if (received < size) throw new InvalidInput('SIZE_MISMATCH', `blob ${digest} has ${received} of ${size} bytes`);
  const actual = `sha256:${hash.digest('hex')}`;
  if (actual !== digest) throw new InvalidInput('DIGEST_MISMATCH', `asked for ${digest}, got ${actual}`);
}
