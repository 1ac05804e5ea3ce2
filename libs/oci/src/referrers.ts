import { InvalidInput, LimitExceeded } from '@tidewaiter/domain';

import { field, parseJsonObject } from './json.js';
import { documentLimits } from './limits.js';
import { type Descriptor, readDescriptor } from './manifest.js';

/**
 * Parses one page of a manifest's referrers. Anyone with push access can add to it, so an entry
 * that is no descriptor is dropped, and a long list is no error: a flood must not hide the rest.
 * @throws InvalidInput `MANIFEST_INVALID`; LimitExceeded `maxManifestBytes`
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-referrers
 */
export function parseReferrers(bytes: Uint8Array): Descriptor[] {
  if (bytes.length > documentLimits.maxManifestBytes) {
    throw new LimitExceeded('maxManifestBytes', `list of referrers of ${bytes.length} bytes`);
  }
  const manifests = field(parseJsonObject(bytes, 'MANIFEST_INVALID', 'list of referrers'), 'manifests');
  if (!Array.isArray(manifests)) throw new InvalidInput('MANIFEST_INVALID', 'the list of referrers lists no manifests');
  return manifests.flatMap((value, position) => descriptorOf(value, position) ?? []);
}

function descriptorOf(value: unknown, position: number): Descriptor | undefined {
  try {
    return readDescriptor(value, `manifests[${position}]`);
  } catch (error) {
    if (error instanceof InvalidInput) return undefined;
    throw error;
  }
}
