import type { Digest, Platform } from '@tidewaiter/domain';

/** Manifest of an image for one platform. */
export interface ManifestView {
  digest: Digest;
  platform: Platform;
}

/** Lookup of known images, in memory. */
export interface ImageDirectory {
  /** Grows whenever an answer may have changed. */
  readonly revision: number;
  /**
   * Returns the manifests that the digest of a manifest, index or config may stand for; empty if
   * unknown.
   */
  manifestsOf(digest: Digest): readonly ManifestView[];
  /** Returns the digest of a tag at a time; null if unknown. */
  tagAt(repository: string, tag: string, atMs: number): Digest | null;
}

/** Directory without images. */
export const noImages: ImageDirectory = { revision: 0, manifestsOf: () => [], tagAt: () => null };

/** Claims about the image of a container. */
export interface ImageClaim {
  /** Digests as sources claim them: of a manifest, an index or a config. */
  digests: readonly Digest[];
  /** Subset of the digests that came without a repository, most likely those of configs. */
  bare: ReadonlySet<Digest>;
  /** Tag from which the container was started. */
  reference: { repository: string; tag: string } | null;
  startedAtMs: number | null;
  /** Platform of the node; null if unknown. */
  platform: Platform | null;
}

/**
 * Returns the running manifest. All claims must agree: an index restricts it to its images, a
 * config to one of them. Null if several remain, or none: a wrong image is worse than none. An
 * index of which only one image was analyzed stands for that image, as `platforms` of the settings
 * declares the clusters' platforms.
 */
export function manifestOf(image: ImageClaim, directory: ImageDirectory): Digest | null {
  const known = image.digests
    .map((digest) => directory.manifestsOf(digest))
    .filter((manifests) => manifests.length > 0);
  if (known.length > 0) return onlyOne(shared(known), image.platform);
  const named = image.digests.filter((digest) => !image.bare.has(digest));
  // Not analyzed: the digest that the cluster names still identifies the image.
  if (named.length > 0) return named.length === 1 ? named[0]! : null;
  if (image.reference === null || image.startedAtMs === null || image.digests.length > 0) return null;
  const { repository, tag } = image.reference;
  const pointedTo = directory.tagAt(repository, tag, image.startedAtMs);
  return pointedTo === null ? null : onlyOne(directory.manifestsOf(pointedTo), image.platform);
}

function shared([first = [], ...others]: readonly (readonly ManifestView[])[]): readonly ManifestView[] {
  return first.filter(({ digest }) => others.every((manifests) => manifests.some((each) => each.digest === digest)));
}

function onlyOne(manifests: readonly ManifestView[], platform: Platform | null): Digest | null {
  const fitting = platform === null ? manifests : manifests.filter((each) => isFor(each.platform, platform));
  const digests = new Set(fitting.map(({ digest }) => digest));
  const [only] = digests;
  return digests.size === 1 ? only! : null;
}

/** Whether a manifest fits a node: `linux/arm64/v8` fits a node that reports `linux/arm64`. */
function isFor(manifest: Platform, node: Platform): boolean {
  return manifest === node || manifest.startsWith(`${node}/`);
}
