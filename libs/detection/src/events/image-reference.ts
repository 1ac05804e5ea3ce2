import { type Digest, isDigest, type ObservedContainer } from '@tidewaiter/domain';

/**
 * Image of a container in registry terms. Null where the sensor reported nothing; no tag is
 * assumed.
 */
export interface ContainerImage {
  /** `docker.io`, `localhost:5000`; null together with `repository`. */
  host: string | null;
  /** `library/nginx` */
  repository: string | null;
  tag: string | null;
  digest: Digest | null;
}

const dockerHub = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);

/**
 * Parses a sensor's image name by Docker's rules. Never throws: a name that no registry would
 * accept counts as unknown.
 * @see https://pkg.go.dev/github.com/distribution/reference
 */
export function imageReferenceOf(
  container: Pick<ObservedContainer, 'imageRepository' | 'imageTag' | 'imageDigest'>,
): ContainerImage {
  const [named = '', digestInName] = (container.imageRepository ?? '').split('@', 2);
  // The colon of a port comes before the last slash.
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  const name = colon < 0 ? named : named.slice(0, colon);
  const tagInName = colon < 0 ? '' : named.slice(colon + 1);
  return {
    ...splitName(name),
    tag: container.imageTag || tagInName || null,
    digest: [container.imageDigest, digestInName].find(isDigest) ?? null,
  };
}

function splitName(name: string): Pick<ContainerImage, 'host' | 'repository'> {
  if (name === '') return { host: null, repository: null };
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  // A first component is a host if it cannot be part of a repository.
  if (!/[.:A-Z]/.test(first) && first !== 'localhost') return { host: 'docker.io', repository: onDockerHub(name) };
  const host = first.toLowerCase();
  const path = name.slice(slash + 1);
  return dockerHub.has(host) ? { host: 'docker.io', repository: onDockerHub(path) } : { host, repository: path };
}

/** Expands a one-word name: Docker Hub keeps its official images under `library/`. */
function onDockerHub(repository: string): string {
  return repository.includes('/') ? repository : `library/${repository}`;
}
