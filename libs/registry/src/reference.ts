import { InvalidInput, isDigest, type Digest } from '@tidewaiter/domain';

/** Image as users write it, with every default filled in. */
export interface ImageReference {
  /** `docker.io`, `localhost:5000` */
  host: string;
  /** `library/alpine` */
  repository: string;
  /** `latest` if neither tag nor digest was written. */
  tag?: string;
  digest?: Digest;
}

const MAX_REFERENCE_LENGTH = 1024;
const MAX_REPOSITORY_LENGTH = 255;

const part = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const label = '[a-z0-9]+(?:-+[a-z0-9]+)*';

/** @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests */
const repositoryPattern = new RegExp(`^${part}(?:/${part})*$`);
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const hostPattern = new RegExp(`^(?:${label}(?:\\.${label})*|\\[[0-9a-f:]+\\])(?::[0-9]{1,5})?$`);

const dockerHub = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);

/**
 * Reads a reference by Docker's rules: `alpine`, `localhost:5000/shop/app:1`,
 * `ghcr.io/org/app@sha256:…`.
 * @throws InvalidInput `REFERENCE_INVALID`
 * @see https://pkg.go.dev/github.com/distribution/reference
 */
export function parseReference(text: string): ImageReference {
  if (text.length > MAX_REFERENCE_LENGTH) throw invalid('an image reference', text);
  const at = text.indexOf('@');
  const named = at < 0 ? text : text.slice(0, at);
  const digest = at < 0 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !isDigest(digest)) throw invalid('a digest', digest);

  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  const tag = colon < 0 ? undefined : checkTag(named.slice(colon + 1));
  const { host, path } = splitHost(colon < 0 ? named : named.slice(0, colon));
  if (!hostPattern.test(host)) throw invalid('a registry host', host);
  return {
    host,
    repository: checkRepository(qualify(host, path)),
    ...(tag ? { tag } : digest ? {} : { tag: 'latest' }),
    ...(digest ? { digest } : {}),
  };
}

/** Whether a reference names a repository alone, with neither tag nor digest. */
export function namesRepository(text: string): boolean {
  return !text.includes('@') && !text.includes(':', text.lastIndexOf('/') + 1);
}

/** Canonical name of a registry that has several. */
export function canonicalHost(host: string): string {
  const lower = host.toLowerCase();
  return dockerHub.has(lower) ? 'docker.io' : lower;
}

/** Docker Hub keeps its official images, which users write in one word, under `library/`. */
export function qualify(host: string, repository: string): string {
  return host === 'docker.io' && !repository.includes('/') ? `library/${repository}` : repository;
}

/** @throws InvalidInput `REFERENCE_INVALID` */
export function checkRepository(repository: string): string {
  if (repository.length <= MAX_REPOSITORY_LENGTH && repositoryPattern.test(repository)) return repository;
  throw invalid('a repository name', repository);
}

/** @throws InvalidInput `REFERENCE_INVALID` */
export function checkTag(tag: string): string {
  if (tagPattern.test(tag)) return tag;
  throw invalid('a tag', tag);
}

/**
 * The first component is a host if it cannot be a repository's: it has a dot, a colon, a capital,
 * or is `localhost`.
 */
function splitHost(name: string): { host: string; path: string } {
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  if (!/[.:A-Z]/.test(first) && first !== 'localhost') return { host: 'docker.io', path: name };
  return { host: canonicalHost(first), path: name.slice(slash + 1) };
}

function invalid(what: string, text: string): InvalidInput {
  return new InvalidInput('REFERENCE_INVALID', `not ${what}: ${JSON.stringify(text.slice(0, 200))}`);
}
