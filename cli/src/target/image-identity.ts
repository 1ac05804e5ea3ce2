import { type Digest, isDigest, TidewaiterError } from '@tidewaiter/domain';
import type { ImageIdentity } from '@tidewaiter/policy';
import { type ImageReference, parseReference } from '@tidewaiter/registry';

import type { ImageSource } from '../sources/image-source.js';

/**
 * Names by which VEX, exceptions and policies identify an image. Outside a registry it has a name
 * only if its archive gives one.
 */
export function identityOf(reference: string, { name, digest, configDigest }: ImageSource): ImageIdentity {
  const digests = [digest, configDigest].filter((each) => each !== null);
  const read = name === undefined ? undefined : readName(name);
  if (!read) return { reference, repository: null, tag: null, digests };
  const { host, repository, tag = null, digest: asked } = read;
  return { reference: name!, repository: `${host}/${repository}`, tag, digests: withDigest(digests, asked) };
}

/** Parsed name, or undefined: an archive may give its image any name. */
function readName(name: string): ImageReference | undefined {
  try {
    return parseReference(name);
  } catch (error) {
    if (error instanceof TidewaiterError) return undefined;
    throw error;
  }
}

/** If an index was requested by digest, that digest also identifies the chosen manifest. */
function withDigest(digests: Digest[], asked: string | undefined): Digest[] {
  return isDigest(asked) && !digests.includes(asked) ? [...digests, asked] : digests;
}
