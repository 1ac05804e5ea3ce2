import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { type Digest, InvalidInput, isDigest, LimitExceeded, NotFound, Unavailable } from '@tidewaiter/domain';
import { type Descriptor, documentLimits, parseManifest, verified } from '@tidewaiter/oci';

import type { WritableAdvisoryPlace } from './artifact-place.js';

const refName = 'org.opencontainers.image.ref.name';
const layout = `${JSON.stringify({ imageLayoutVersion: '1.0.0' })}\n`;
const indexType = 'application/vnd.oci.image.index.v1+json';

/**
 * Artifacts in a folder, as other tools of OCI read and write it.
 * @see https://github.com/opencontainers/image-spec/blob/main/image-layout.md
 */
export function layoutPlace(folder: string): WritableAdvisoryPlace {
  const pathOf = (digest: Digest) => join(folder, 'blobs', 'sha256', digest.slice('sha256:'.length));
  return {
    name: folder,
    async manifest(reference) {
      const found = isDigest(reference) ? { digest: reference, mediaType: '' } : await tagged(folder, reference);
      const bytes = await readBlob(pathOf(found.digest), documentLimits.maxManifestBytes);
      const digest: Digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
      if (digest !== found.digest)
        throw new InvalidInput('DIGEST_MISMATCH', `asked for ${found.digest}, got ${digest}`);
      return { ...found, bytes };
    },
    blob: (descriptor) => verified(fileBytes(pathOf(descriptor.digest), descriptor.size), descriptor),
    // Signatures are under their tags.
    referrers: async () => [],
    async putBlob({ digest, size }, read) {
      const known = await stat(pathOf(digest)).catch(() => undefined);
      if (known?.size === size) return false;
      await write(pathOf(digest), await read());
      return true;
    },
    async putManifest({ digest, mediaType, bytes }, tag) {
      await write(pathOf(digest), bytes);
      await write(join(folder, 'oci-layout'), Buffer.from(layout));
      const others = (await readIndex(folder)).filter(
        (each) => each.annotations?.[refName] !== tag && (each.digest !== digest || tag !== null),
      );
      const entry = { mediaType, digest, size: bytes.length, ...(tag !== null && { annotations: { [refName]: tag } }) };
      const index = { schemaVersion: 2, mediaType: indexType, manifests: [...others, entry] };
      await write(join(folder, 'index.json'), Buffer.from(`${JSON.stringify(index)}\n`));
    },
  };
}

async function tagged(folder: string, tag: string): Promise<{ digest: Digest; mediaType: string }> {
  const found = (await readIndex(folder)).find(({ annotations }) => annotations?.[refName] === tag);
  if (!found) throw new NotFound('MANIFEST_UNKNOWN', `${folder} has no artifact with the tag ${tag}`);
  return found;
}

async function readIndex(folder: string): Promise<readonly Descriptor[]> {
  const path = join(folder, 'index.json');
  if (!(await stat(path).catch(() => undefined))) return [];
  const index = parseManifest(await readBlob(path, documentLimits.maxManifestBytes));
  if (index.kind !== 'index') throw new InvalidInput('MANIFEST_INVALID', `${path} is no index`);
  return index.manifests;
}

async function readBlob(path: string, maxBytes: number): Promise<Buffer> {
  const found = await stat(path).catch(() => undefined);
  // Only regular files: a read from a pipe without a writer never ends.
  if (!found?.isFile()) throw new NotFound('BLOB_UNKNOWN', `${path} is not there`);
  if (found.size > maxBytes) throw new LimitExceeded('maxManifestBytes', `${path} has ${found.size} bytes`);
  return readFile(path);
}

async function* fileBytes(path: string, size: number): AsyncGenerator<Uint8Array> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) throw new NotFound('BLOB_UNKNOWN', `${path} is not there`);
  if (found.size !== size)
    throw new InvalidInput('SIZE_MISMATCH', `${path} has ${found.size} bytes instead of ${size}`);
  yield await readFile(path);
}

/** Complete under its name, or not there: a copy that was cut off is sent again. */
async function write(path: string, bytes: Buffer): Promise<void> {
  const partial = `${path}.${randomUUID()}`;
  try {
    await mkdir(join(path, '..'), { recursive: true });
    await using file = await open(partial, 'w');
    await file.writeFile(bytes);
    await file.sync();
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw unwritable(path, error);
  }
}

/** Errors of a disk with their one remedy; others are returned as they are. */
export function unwritable(path: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (!['ENOSPC', 'EDQUOT', 'EFBIG', 'EACCES', 'EROFS', 'EPERM'].includes(code)) return error;
  const reason = code === 'ENOSPC' || code === 'EDQUOT' ? 'the disk is full' : code;
  return new Unavailable('ADVISORIES_UNWRITABLE', `${path}: ${reason}`, { cause: error, retryable: false });
}
