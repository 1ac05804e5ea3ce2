/** Name of an image, as far as it was given. */
export interface BuiltImageName {
  /** `registry.example.com:5000` */
  registry: string | null;
  repository: string;
  tag: string | null;
}

const maxNameChars = 512;
const host =
  /^(?:localhost|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|[A-Za-z0-9.-]+:\d{1,5}|\[[0-9a-fA-F:.]{2,45}\](?::\d{1,5})?|localhost:\d{1,5})$/;
/** @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests */
const repositoryPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

/**
 * `[host/]repository[:tag][@digest]`; null for any other text. The digest is left out: the subjects
 * have it.
 */
export function readImageName(value: unknown): BuiltImageName | null {
  if (typeof value !== 'string' || value.length > maxNameChars) return null;
  const [name = ''] = value.split('@', 1);
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const registry = host.test(first) ? first : null;
  const path = registry === null ? name : name.slice(slash + 1);
  const colon = path.indexOf(':');
  const repository = colon < 0 ? path : path.slice(0, colon);
  const tag = colon < 0 ? null : path.slice(colon + 1);
  if (!repositoryPattern.test(repository) || (tag !== null && !tagPattern.test(tag))) return null;
  return { registry, repository, tag };
}

export function isTag(value: string): boolean {
  return tagPattern.test(value);
}
