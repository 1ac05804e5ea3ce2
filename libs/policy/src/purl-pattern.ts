import { PackageURL } from 'packageurl-js';

/**
 * Purl as users write it to match packages: without a version all versions, with qualifiers only
 * those given.
 */
export interface PurlPattern {
  type: string;
  namespace: string;
  name: string;
  version: string | undefined;
  qualifiers: [name: string, value: string][];
  subpath: string | undefined;
}

const maxPurlLength = 2_048;

/** Parses an untrusted purl; undefined if it is none. */
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

/** Whether a pattern matches this package. */
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
