import { createHash } from 'node:crypto';

import { type Digest, InvalidInput, isDigest, LimitExceeded, NotFound, TidewaiterError } from '@tidewaiter/domain';
import { type Descriptor, documentLimits, lastBytes, parseManifest, parseReferrers, verified } from '@tidewaiter/oci';

import { mayBeImage, type ContentStore } from './content-store.js';

/** The files of an OCI layout, in a folder or in an archive. */
export interface LayoutFiles {
  /** @throws NotFound `TARGET_MISSING` */
  size(path: string): Promise<number>;
  /** @throws NotFound `TARGET_MISSING` */
  read(path: string): AsyncIterable<Uint8Array>;
  /**
   * State of a file, which every write changes and hard links share. Absent for an archive, whose
   * files have none of their own.
   */
  state?(path: string): Promise<string>;
  close(): Promise<void>;
}

const refName = 'org.opencontainers.image.ref.name';

/**
 * A content store over an OCI layout.
 * @see https://github.com/opencontainers/image-spec/blob/main/image-layout.md
 */
export function layoutStore(files: LayoutFiles): ContentStore {
  return {
    isLocal: true,
    async manifest(reference) {
      const digest = isDigest(reference) ? reference : await digestOfTag(files, reference);
      return { digest, mediaType: '', bytes: await readManifest(files, digest) };
    },
    blob: (descriptor) => verified(present(files, descriptor.digest), descriptor),
    blobEnd: (descriptor, bytes) => lastBytes(present(files, descriptor.digest), bytes),
    ...(files.state && { blobState: (digest: Digest) => files.state!(blobPath(digest)) }),
    referrers: (digest) => referrersIn(files, digest),
    close: () => files.close(),
  };
}

/** @throws InvalidInput `DIGEST_MISMATCH`; LimitExceeded `maxManifestBytes` */
async function readManifest(files: LayoutFiles, digest: Digest): Promise<Buffer> {
  const bytes = await readAll(files, blobPath(digest), documentLimits.maxManifestBytes, 'maxManifestBytes');
  const actual = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  if (actual !== digest) throw new InvalidInput('DIGEST_MISMATCH', `asked for ${digest}, got ${actual}`);
  return bytes;
}

/**
 * Referrers of a manifest in the layout: the list under the referrers tag, manifests with it as
 * their subject, and those that `cosign save` puts beside it.
 */
async function referrersIn(files: LayoutFiles, digest: Digest): Promise<Descriptor[]> {
  const manifests = await readIndex(files);
  const list = manifests.find((each) => isTagged(each, digest.replace(':', '-')));
  const listed = list ? parseReferrers(await readManifest(files, list.digest)) : [];
  const own: Descriptor[] = [];
  for (const each of manifests) {
    if (each === list || each.digest === digest || each.platform !== undefined) continue;
    if (isSavedByCosign(each) || (await subjectOf(files, each)) === digest) own.push(each);
  }
  return [...listed, ...own];
}

/**
 * Subject of a manifest; null also for an unreadable one, which is irrelevant for other manifests.
 */
async function subjectOf(files: LayoutFiles, { digest }: Descriptor): Promise<Digest | null> {
  try {
    return parseManifest(await readManifest(files, digest)).subject?.digest ?? null;
  } catch (error) {
    if (error instanceof TidewaiterError) return null;
    throw error;
  }
}

/** A missing blob of a manifest in the layout is a broken layout, not a missing target. */
async function* present(files: LayoutFiles, digest: Digest): AsyncGenerator<Uint8Array> {
  try {
    yield* files.read(blobPath(digest));
  } catch (cause) {
    throw cause instanceof NotFound
      ? new NotFound('BLOB_UNKNOWN', `the layout does not hold ${digest}`, { cause })
      : cause;
  }
}

function blobPath(digest: Digest): string {
  return `blobs/${digest.replace(':', '/')}`;
}

/**
 * @throws NotFound `MANIFEST_UNKNOWN`; InvalidInput `TAG_MISSING` where there are several and none
 * was named
 */
async function digestOfTag(files: LayoutFiles, tag: string): Promise<Digest> {
  const manifests = await readIndex(files);
  if (tag === '') {
    const [only, ...others] = manifests.filter((each) => !isAboutAnother(each));
    if (only && others.length === 0) return only.digest;
    const latest = manifests.find((each) => isTagged(each, 'latest'));
    if (latest) return latest.digest;
    throw new InvalidInput('TAG_MISSING', `name one of the tags: ${tagsOf(manifests)}`);
  }
  const found = manifests.find((each) => isTagged(each, tag));
  if (!found) throw new NotFound('MANIFEST_UNKNOWN', `no tag ${tag}; there is ${tagsOf(manifests)}`);
  return found.digest;
}

async function readIndex(files: LayoutFiles): Promise<readonly Descriptor[]> {
  const bytes = await readAll(files, 'index.json', documentLimits.maxManifestBytes, 'maxManifestBytes');
  const index = parseManifest(bytes);
  if (index.kind !== 'index') throw new InvalidInput('MANIFEST_INVALID', 'index.json is no index');
  return index.manifests;
}

/**
 * Tags of the images of a layout, in its order; digests of those without a tag. Signatures,
 * attestations and SBOMs are left out.
 */
export async function layoutReferences(files: LayoutFiles): Promise<{ tags: string[]; untagged: Digest[] }> {
  const store = layoutStore(files);
  const images: Descriptor[] = [];
  for (const each of await readIndex(files)) {
    if (!isAboutAnother(each) || (await mayBeImage(store, each.digest))) images.push(each);
  }
  const tags = images.flatMap(({ annotations }) => annotations?.[refName] ?? []);
  const untagged = images.filter(({ annotations }) => annotations?.[refName] === undefined);
  return { tags, untagged: untagged.map(({ digest }) => digest) };
}

/** Whether it is a signature, attestation or SBOM, by the annotation of `cosign save`. */
function isSavedByCosign({ annotations }: Descriptor): boolean {
  return /^dev\.cosignproject\.cosign\/(sigs|atts|sboms)$/.test(annotations?.['kind'] ?? '');
}

/**
 * Whether a manifest is a signature, attestation or SBOM, which a target without a tag never means.
 */
function isAboutAnother(descriptor: Descriptor): boolean {
  const tag = descriptor.annotations?.[refName] ?? '';
  return isSavedByCosign(descriptor) || isTagOfReferrer(tag);
}

/** Whether a tag is the one by which registries keep what is about another image. */
export function isTagOfReferrer(tag: string): boolean {
  return /(^|:)sha256-[0-9a-f]{64}(\.(sig|att|sbom))?$/.test(tag);
}

/** Whether a manifest has this tag; some writers store the whole reference there. */
function isTagged({ annotations }: Descriptor, tag: string): boolean {
  const name = annotations?.[refName];
  return name === tag || (name?.endsWith(`:${tag}`) ?? false);
}

function tagsOf(manifests: readonly Descriptor[]): string {
  const tags = manifests.flatMap(({ annotations }) => annotations?.[refName] ?? []);
  return tags.length > 0 ? tags.slice(0, 20).join(', ') : 'none with a name';
}

/** @throws LimitExceeded under the name of `limit`, before anything is read */
export async function readAll(files: LayoutFiles, path: string, most: number, limit: string): Promise<Buffer> {
  const size = await files.size(path);
  if (size > most) throw new LimitExceeded(limit, `${path} has ${size} bytes`);
  return Buffer.concat(await Array.fromAsync(files.read(path)));
}
