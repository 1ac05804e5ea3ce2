import { type Digest, isDigest } from '@tidewaiter/domain';

/** Parsed image reference. */
export interface ContainerImageName {
  /** `localhost:5000/shop/app`; short names are not expanded. */
  repository: string | null;
  tag: string | null;
  /**
   * Digest of a manifest or index if there is a repository, else of a config: the image's id on the
   * node.
   */
  digest: Digest | null;
}

const maxNameLength = 512;

/**
 * Parses an image reference as runtimes write it, with or without a scheme: `name:tag`,
 * `name@digest`, `name:tag@digest`, or a digest alone. Null for an empty text, and for any other
 * form.
 */
export function readImageName(text: string | null | undefined): ContainerImageName | null {
  if (!text || text.length > maxNameLength) return null;
  const plain = text.replace(/^[a-z][a-z0-9.-]{0,31}:\/\//, '');
  const [name = '', digest, ...rest] = plain.split('@');
  if (isDigest(name) && digest === undefined) return { repository: null, tag: null, digest: name };
  if (!repositoryWithTag.test(name) || rest.length > 0 || (digest !== undefined && !isDigest(digest))) return null;
  const colon = name.lastIndexOf(':');
  const hasTag = colon > name.lastIndexOf('/');
  return {
    repository: hasTag ? name.slice(0, colon) : name,
    tag: hasTag ? name.slice(colon + 1) : null,
    digest: digest ?? null,
  };
}

const repositoryWithTag = /^[A-Za-z0-9][A-Za-z0-9._/:-]*$/;

/** Expands a short repository name: `nginx` is `docker.io/library/nginx`. */
export function fullRepository(repository: string): string {
  const [host = '', ...rest] = repository.split('/');
  if (rest.length === 0) return `docker.io/library/${repository}`;
  const named = /[.:]/.test(host) || host === 'localhost';
  if (!named) return `docker.io/${repository}`;
  return /^(?:index|registry-1)\.docker\.io$/.test(host) ? `docker.io/${rest.join('/')}` : repository;
}
