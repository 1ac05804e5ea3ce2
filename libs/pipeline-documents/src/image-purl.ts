import type { Digest } from '@tidewaiter/domain';

import { type BuiltImageName, readImageName } from './image-name.js';

const maxPurlChars = 4096;
const digestPattern = /(?:^|@)sha256(?::|%3A)([0-9a-f]{64})(?:$|[?#])/i;

/** The digest after the `@` of a reference or purl, or alone; null where there is none. */
export function digestIn(value: unknown): Digest | null {
  if (typeof value !== 'string' || value.length > maxPurlChars) return null;
  const [, hex] = digestPattern.exec(value) ?? [];
  return hex === undefined ? null : `sha256:${hex.toLowerCase()}`;
}

/** The digest of the image that a purl names; null where it names another thing. */
export function digestOfPurl(purl: unknown): Digest | null {
  return typeof purl === 'string' && purl.startsWith('pkg:oci/') ? digestIn(purl) : null;
}

/**
 * The image that a purl names:
 * `pkg:oci/app@sha256:…?repository_url=registry.example.com/shop/app&tag=1.0`.
 * @see https://github.com/package-url/purl-spec/blob/main/types-doc/oci-definition.md
 */
export function imageOfPurl(purl: unknown): BuiltImageName | null {
  if (typeof purl !== 'string' || purl.length > maxPurlChars || !purl.startsWith('pkg:oci/')) return null;
  const [, query = ''] = purl.split('?', 2);
  const qualifiers = new URLSearchParams(query);
  const name = readImageName(qualifiers.get('repository_url'));
  return name && { ...name, tag: readImageName(`a:${qualifiers.get('tag') ?? ''}`)?.tag ?? name.tag };
}
