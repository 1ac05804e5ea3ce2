import type { Digest } from '@tidewaiter/domain';

import { type PurlPattern, readPurl } from './purl-pattern.js';

/** What statements, exceptions and policies know an image by. */
export interface ImageIdentity {
  /** As it was asked for. */
  reference: string;
  /** `registry.example.com/shop/cart`, or without the host where only the repository is known; null of what lies in no registry. */
  repository: string | null;
  tag: string | null;
  /** Its own, and that of an index that it was chosen from. */
  digests: readonly Digest[];
}

/** Whether a statement's product is this image: an `oci` or `docker` purl, a digest, or a reference. */
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
    // Nothing else has the digest, whatever it is called here.
    return digests.includes(purl.version) && (isNamed || repository === null || url === undefined);
  }
  const wanted = purl.version ?? qualifiers.get('tag');
  return isNamed && (wanted === undefined || wanted === tag);
}

function hasName({ namespace, name }: PurlPattern, url: string | undefined, repository: string): boolean {
  const own = namespace === '' ? name : `${namespace}/${name}`;
  if (url === undefined) return isRepository(own, repository);
  // Some name the repository in it, others the place that the name is in.
  const place = url.replace(/^https?:\/\//, '').replace(/\/$/, '');
  return isRepository(place, repository)
    ? repository.split('/').at(-1) === name
    : isRepository(`${place}/${own}`, repository);
}

/** A name without a host means the repository wherever it lies; Docker Hub has several names. */
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
