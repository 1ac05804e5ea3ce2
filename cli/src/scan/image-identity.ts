import { type Digest, isDigest, TidewaiterError } from '@tidewaiter/domain';
import type { ImageIdentity } from '@tidewaiter/policy';
import { type ImageReference, parseReference } from '@tidewaiter/registry';

import type { ImageSource } from '../sources/image-source.js';

/** What VEX, exceptions and policies know an image by. What lies in no registry has a name only where its archive tells one. */
export function identityOf(reference: string, { name, digest, configDigest }: ImageSource): ImageIdentity {
  const digests = [digest, configDigest].filter((each) => each !== null);
  const read = name === undefined ? undefined : readName(name);
  if (!read) return { reference, repository: null, tag: null, digests };
  const { host, repository, tag = null, digest: asked } = read;
  return { reference: name!, repository: `${host}/${repository}`, tag, digests: withDigest(digests, asked) };
}

/** An archive may call its image anything. */
function readName(name: string): ImageReference | undefined {
  try {
    return parseReference(name);
  } catch (error) {
    if (error instanceof TidewaiterError) return undefined;
    throw error;
  }
}

/** Of an index that was asked for, the digest names what was chosen from it too. */
function withDigest(digests: Digest[], asked: string | undefined): Digest[] {
  return isDigest(asked) && !digests.includes(asked) ? [...digests, asked] : digests;
}
