import type { Digest } from '@tidewaiter/domain';
import type { Descriptor } from '@tidewaiter/oci';

/** Blob by digest and size. */
export type BlobKey = Pick<Descriptor, 'digest' | 'size'>;

/** Place of an artifact and its signature: a repository of a registry, or an OCI layout. */
export interface AdvisoryPlace {
  /** For messages. */
  readonly name: string;
  /** @throws NotFound for an unknown digest or tag */
  manifest(reference: string): Promise<{ digest: Digest; mediaType: string; bytes: Buffer }>;
  /** Verified against digest and size at the end. */
  blob(descriptor: BlobKey): AsyncIterable<Uint8Array>;
  /** Manifests whose subject is this one; empty where the place has no such list. */
  referrers(digest: Digest): Promise<readonly Descriptor[]>;
}

/** Place to which artifacts are copied. */
export interface WritableAdvisoryPlace extends AdvisoryPlace {
  /** Stores a blob unless it is there; returns whether it was sent. */
  putBlob(descriptor: BlobKey, read: () => Promise<Buffer>): Promise<boolean>;
  /** Stores a manifest under its digest, and under a tag if one is given. */
  putManifest(manifest: { digest: Digest; mediaType: string; bytes: Buffer }, tag: string | null): Promise<void>;
}

/** Reads a blob whose size is below the limits of its caller. */
export async function readAll(place: AdvisoryPlace, descriptor: BlobKey): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(place.blob(descriptor)));
}
