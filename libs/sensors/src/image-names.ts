import { isDigest } from '@tidewaiter/domain';

import { InternCache } from './intern-cache.js';

const runtimeScheme = /^[a-z][a-z0-9+.-]*:\/\//;

/** Without `containerd://` and the like. */
export function withoutScheme(value: string | null): string | null {
  return value === null ? null : value.replace(runtimeScheme, '') || null;
}

/** The parts of a name of an image. */
export interface SensorImageName {
  /** `localhost:5000/shop/app`; null where only a digest is given. */
  repository: string | null;
  tag: string | null;
  digest: string | null;
}

const none: SensorImageName = { repository: null, tag: null, digest: null };

/**
 * A name of an image as sensors and Kubernetes write it: `repo:tag`, `repo@digest`,
 * `docker-pullable://repo@digest`, a bare digest, or nothing. The tag stands after the last slash;
 * a colon before it is a port's.
 */
export function readImageName(value: string | null): SensorImageName {
  if (value === null) return none;
  let known = names.get(value);
  if (known === undefined) names.set(value, (known = partsOf(value)), 0);
  return known;
}

/** A fleet has thousands of containers of an image, and each would hold parts of its own. */
const names = new InternCache<SensorImageName>();

function partsOf(value: string): SensorImageName {
  const name = withoutScheme(value);
  if (name === null) return none;
  const bare = readDigest(name);
  if (bare !== null) return { ...none, digest: bare };
  const [named = '', digest] = name.split('@', 2);
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  const repository = colon === -1 ? named : named.slice(0, colon);
  return {
    repository: repository === '' ? null : repository,
    tag: colon === -1 ? null : named.slice(colon + 1) || null,
    digest: readDigest(digest),
  };
}

/** A digest that is whole; those of documentation are masked or cut. */
export function readDigest(value: unknown): string | null {
  return isDigest(value) ? value : null;
}
