import { type Digest, isDigest, NotFound } from '@tidewaiter/domain';
import { parseManifest } from '@tidewaiter/oci';

import { readArtifact } from './artifact-config.js';
import { type AdvisoryPlace, type BlobKey, readAll, type WritableAdvisoryPlace } from './artifact-place.js';
import { inParallel } from './in-parallel.js';

export interface CopyResult {
  digest: Digest;
  /** Blobs that were sent, and those that were there. */
  sent: number;
  present: number;
  bytes: number;
  isSigned: boolean;
}

/** Blobs that are sent at once. */
const concurrency = 4;

/**
 * Copies an artifact with its deltas and signatures, byte for byte, so that signatures stay valid.
 * The tag is set last: readers never see a part.
 */
export async function copyArtifact(
  from: AdvisoryPlace,
  reference: string,
  to: WritableAdvisoryPlace,
  tag: string | null,
  onBytes: (bytes: number, totalBytes: number) => void,
): Promise<CopyResult> {
  const found = await from.manifest(reference);
  const artifact = await readArtifact(from, found);
  const { digest } = found;
  const blobs = [...artifact.chunks, ...artifact.deltas, artifact.configBlob];
  const total = blobs.reduce((sum, { size }) => sum + size, 0);
  const counts = await copyBlobs(from, to, blobs, (bytes) => onBytes(bytes, total));
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  // First by its digest alone, so that the signature is there before anyone can find it by its tag.
  await to.putManifest({ digest, mediaType, bytes: found.bytes }, null);
  const isSigned = await copySignature(from, to, digest);
  if (tag !== null) await to.putManifest({ digest, mediaType, bytes: found.bytes }, tag);
  return { digest, ...counts, isSigned };
}

async function copyBlobs(
  from: AdvisoryPlace,
  to: WritableAdvisoryPlace,
  blobs: readonly BlobKey[],
  onBytes: (bytes: number) => void,
): Promise<{ sent: number; present: number; bytes: number }> {
  const counts = { sent: 0, present: 0, bytes: 0 };
  let done = 0;
  await inParallel(blobs.length, concurrency, async (index) => {
    const blob = blobs[index]!;
    const isSent = await to.putBlob(blob, async () => readAll(from, blob));
    counts[isSent ? 'sent' : 'present'] += 1;
    if (isSent) counts.bytes += blob.size;
    onBytes((done += blob.size));
  });
  return counts;
}

/**
 * Copies the manifest of signatures under cosign's tag, and those that refer to the artifact.
 * @see https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md#tag-based-discovery
 */
async function copySignature(from: AdvisoryPlace, to: WritableAdvisoryPlace, digest: Digest): Promise<boolean> {
  const tag = `${digest.replace(':', '-')}.sig`;
  const references = [tag, ...(await from.referrers(digest)).map((each) => each.digest)];
  let isSigned = false;
  for (const reference of references) {
    const found = await from.manifest(reference).catch(ignoreMissing);
    if (!found) continue;
    const manifest = parseManifest(found.bytes, found.mediaType || undefined);
    if (manifest.kind !== 'manifest') continue;
    await copyBlobs(from, to, [manifest.config, ...manifest.layers], () => undefined);
    await to.putManifest({ ...found, mediaType: manifest.mediaType }, isDigest(reference) ? null : reference);
    isSigned = true;
  }
  return isSigned;
}

function ignoreMissing(error: unknown): undefined {
  if (!(error instanceof NotFound)) throw error;
}
