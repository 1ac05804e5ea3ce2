import type { Digest } from '@tidewaiter/domain';

import { type PurlPattern, readPurl } from './purl-pattern.js';

/** Names by which statements, exceptions and policies identify an image. */
export interface ImageIdentity {
  /** Reference as requested. */
  reference: string;
  /**
   * `registry.example.com/shop/cart`, or without the host where only the repository is known; null
   * outside of a registry.
   */
  repository: string | null;
  tag: string | null;
  /** Digest of the image, and that of the index from which it was chosen. */
  digests: readonly Digest[];
}

/**
 * Whether a statement's product is this image: an `oci` or `docker` purl, a digest, or a reference.
 */
export function isProduct(product: string, image: ImageIdentity): boolean {
  const purl = readPurl(product);
  if (purl) return isImagePurl(purl, image);
  const { repository, tag, digests, reference } = image;
  if (product === reference || digests.some((digest) => product === digest)) return true;
  if (repository === null) return false;
  const [name = '', digest] = product.split('@', 2);
  if (digest !== undefined) return digests.includes(digest) && isRepository(withoutTag(name), repository);
  return tag !== null && name === `${withoutTag(name)}:${tag}` && isRepository(withoutTag(name), repository);
}

/** @see https://github.com/package-url/purl-spec/blob/main/types-doc/oci-definition.md */
function isImagePurl(purl: PurlPattern, { repository, tag, digests }: ImageIdentity): boolean {
  if (purl.type !== 'oci' && purl.type !== 'docker') return false;
  const qualifiers = new Map(purl.qualifiers);
  const url = qualifiers.get('repository_url');
  const isNamed = repository !== null && hasName(purl, url, repository);
  if (purl.version?.startsWith('sha256:') === true) {
    // A digest identifies the content under any name.
    return digests.includes(purl.version) && (isNamed || repository === null || url === undefined);
  }
  const wanted = purl.version ?? qualifiers.get('tag');
  return isNamed && (wanted === undefined || wanted === tag);
}

function hasName({ namespace, name }: PurlPattern, url: string | undefined, repository: string): boolean {
  const own = namespace === '' ? name : `${namespace}/${name}`;
  if (url === undefined) return isRepository(own, repository);
  // Some authors put the repository into `repository_url`, others only its parent path.
  const place = url.replace(/^https?:\/\//, '').replace(/\/$/, '');
  return isRepository(place, repository)
    ? repository.split('/').at(-1) === name
    : isRepository(`${place}/${own}`, repository);
}

/**
 * Compares repository names. A name without a host matches every registry; Docker Hub has several
 * names.
 */
function isRepository(named: string, repository: string): boolean {
  const [one, other] = [named, repository].map(canonical) as [string, string];
  return (
    one === other || (!hasHost(one) && other.endsWith(`/${one}`)) || (!hasHost(other) && one.endsWith(`/${other}`))
  );
}

function canonical(name: string): string {
  const onHub = /^(?:index\.docker\.io|registry-1\.docker\.io|docker\.io)\/(?:library\/)?(.+)$/.exec(name)?.[1];
  return onHub === undefined ? name : `docker.io/${onHub}`;
}

function hasHost(name: string): boolean {
  const [first = '', rest] = name.split('/', 2);
  return rest !== undefined && (first === 'localhost' || /[.:]/.test(first));
}

function withoutTag(name: string): string {
  return name.replace(/:[^:/]*$/, '');
}
