/**
 * Parts of an image reference in builds and manifests. @see
 * https://github.com/distribution/reference/blob/main/reference.go
 */
export interface BaseImageName {
  /** With registry and namespace, as written: `docker.io/library/alpine`. */
  repository: string;
  tag?: string;
  digest?: string;
}

export function parseImageName(reference: string): BaseImageName {
  const at = reference.indexOf('@');
  const digest = at < 0 ? undefined : reference.slice(at + 1);
  const named = at < 0 ? reference : reference.slice(0, at);
  // A colon before the last slash belongs to the port of the registry.
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  const tag = colon < 0 ? undefined : named.slice(colon + 1);
  return {
    repository: colon < 0 ? named : named.slice(0, colon),
    ...(tag !== undefined && { tag }),
    ...(digest !== undefined && { digest }),
  };
}

/** Whether the reference means the last pushed image. */
export function isLatest({ tag = 'latest', digest }: BaseImageName): boolean {
  return digest === undefined && tag === 'latest';
}

/** Repository as Docker Hub's short name: `node` for `docker.io/library/node`. */
export function shortRepository({ repository }: BaseImageName): string {
  return repository.replace(/^(?:(?:index\.)?docker\.io\/)?(?:library\/)?/, '');
}
