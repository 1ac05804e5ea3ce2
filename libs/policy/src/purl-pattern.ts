import { PackageURL } from 'packageurl-js';

/** A purl with which people name packages: without a version all of them, qualifiers only where they are given. */
export interface PurlPattern {
  type: string;
  namespace: string;
  name: string;
  version: string | undefined;
  qualifiers: [name: string, value: string][];
  subpath: string | undefined;
}

const maxPurlLength = 2_048;

/** Reads a purl of a stranger; undefined where it is none. */
export function readPurl(text: string): PurlPattern | undefined {
  if (!text.startsWith('pkg:') || text.length > maxPurlLength) return undefined;
  try {
    const { type, namespace, name, version, qualifiers, subpath } = PackageURL.fromString(text);
    return {
      type,
      namespace: namespace ?? '',
      name,
      version: version ?? undefined,
      qualifiers: Object.entries(qualifiers ?? {}).flatMap(([key, value]) => (value ? [[key, value]] : [])),
      subpath: subpath ?? undefined,
    };
  } catch {
    return undefined;
  }
}

/** Whether a pattern means this package. */
export function matchesPurl(pattern: PurlPattern, purl: PurlPattern): boolean {
  return (
    pattern.name === purl.name &&
    pattern.type === purl.type &&
    pattern.namespace === purl.namespace &&
    (pattern.version === undefined || pattern.version === purl.version) &&
    (pattern.subpath === undefined || pattern.subpath === purl.subpath) &&
    pattern.qualifiers.every(([key, value]) => purl.qualifiers.some(([name, own]) => name === key && own === value))
  );
}
