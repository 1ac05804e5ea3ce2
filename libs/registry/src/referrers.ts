import type { Digest } from '@tidewaiter/domain';
import type { EgressResponse } from '@tidewaiter/egress';
import { type Descriptor, documentLimits, parseReferrers } from '@tidewaiter/oci';

import type { RegistrySession } from './session.js';

/** Limit on pages that are read; the rest is omitted. */
const MAX_PAGES = 16;
/** Statuses of registries that do not support this part of the protocol. */
const unknownStatuses = new Set([400, 404, 405, 501]);
const nextLink = /<([^<>]{1,2000})>\s*;\s*rel="?next"?/;

/**
 * Lists the manifests that refer to a manifest. `unlisted` where the registry does not do so for
 * this one, `unsupported` where it has no such API.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-referrers
 */
export async function listReferrers(
  session: RegistrySession,
  repository: string,
  digest: Digest,
  signal?: AbortSignal,
): Promise<Descriptor[] | 'unlisted' | 'unsupported'> {
  const found: Descriptor[] = [];
  const first = `referrers/${digest}`;
  let path: string | undefined = first;
  for (let page = 0; path !== undefined && page < MAX_PAGES; page += 1) {
    const response = await session.send({ repository, path, unknown: null, signal });
    if (response.status !== 200) {
      await response.discard();
      if (isUnknownPath(response)) return 'unsupported';
      if (response.status === 404 || (page === 0 && unknownStatuses.has(response.status))) return 'unlisted';
      throw session.unexpected(response.status);
    }
    found.push(...parseReferrers(await response.bytes(documentLimits.maxManifestBytes)));
    path = nextPath(response.headers['link'], session.endpoint.origin, repository, first);
  }
  return found;
}

/** Whether a web server knows nothing of the path: a registry would describe the error in JSON. */
function isUnknownPath({ status, headers }: EgressResponse): boolean {
  return status === 404 && /^text\/plain\b/i.test(headers['content-type'] ?? '');
}

/** Follows a link within the same query only: our credentials are for nothing else. */
function nextPath(link: string | undefined, origin: string, repository: string, first: string): string | undefined {
  const [, target] = nextLink.exec(link ?? '') ?? [];
  const url = target === undefined ? null : URL.parse(target, `${origin}/v2/${repository}/${first}`);
  if (url?.origin !== origin || url.pathname !== `/v2/${repository}/${first}`) return undefined;
  return `${first}${url.search}`;
}
