import type { Digest, Platform } from '@tidewaiter/domain';

/** A manifest of an image for one platform. */
export interface KnownManifest {
  digest: Digest;
  platform: Platform;
}

/** What is known of images, ready in memory. */
export interface ImageDirectory {
  /** Grows whenever an answer may have become another one. */
  readonly revision: number;
  /** The manifests that a digest may stand for: of a manifest, of an index, of a config. Empty: nobody knows it. */
  manifestsOf(digest: Digest): readonly KnownManifest[];
  /** What a tag pointed to at a time; null where nobody knows. */
  tagAt(repository: string, tag: string, atMs: number): Digest | null;
}

/** Knows no image. */
export const noImages: ImageDirectory = { revision: 0, manifestsOf: () => [], tagAt: () => null };

/** What is said of the image of a container. */
export interface SaidImage {
  /** As somebody said them: of a manifest, an index or a config. */
  digests: readonly Digest[];
  /** Digests among them that came without the name of a repository: of a config, most likely. */
  bare: ReadonlySet<Digest>;
  /** Tag by which it was started. */
  reference: { repository: string; tag: string } | null;
  startedAtMs: number | null;
  /** Of the node; null where nobody said. */
  platform: Platform | null;
}

/**
 * The manifest that runs. Whatever is said must agree: an index says of which images, a config which of them. Null where that
 * leaves several, or none: a wrong image is worse than none. An index of which one image alone was analysed means that one, as
 * `platforms` of the settings says what the clusters are.
 */
export function manifestOf(image: SaidImage, directory: ImageDirectory): Digest | null {
  const known = image.digests
    .map((digest) => directory.manifestsOf(digest))
    .filter((manifests) => manifests.length > 0);
  if (known.length > 0) return onlyOne(shared(known), image.platform);
  const named = image.digests.filter((digest) => !image.bare.has(digest));
  // Nobody has analysed it: the digest that the cluster names is still what it is called by.
  if (named.length > 0) return named.length === 1 ? named[0]! : null;
  if (image.reference === null || image.startedAtMs === null || image.digests.length > 0) return null;
  const { repository, tag } = image.reference;
  const pointedTo = directory.tagAt(repository, tag, image.startedAtMs);
  return pointedTo === null ? null : onlyOne(directory.manifestsOf(pointedTo), image.platform);
}

function shared([first = [], ...others]: readonly (readonly KnownManifest[])[]): readonly KnownManifest[] {
  return first.filter(({ digest }) => others.every((manifests) => manifests.some((each) => each.digest === digest)));
}

function onlyOne(manifests: readonly KnownManifest[], platform: Platform | null): Digest | null {
  const fitting = platform === null ? manifests : manifests.filter((each) => isFor(each.platform, platform));
  const digests = new Set(fitting.map(({ digest }) => digest));
  const [only] = digests;
  return digests.size === 1 ? only! : null;
}

/** `linux/arm64/v8` is for a node that calls itself `linux/arm64`. */
function isFor(manifest: Platform, node: Platform): boolean {
  return manifest === node || manifest.startsWith(`${node}/`);
}
