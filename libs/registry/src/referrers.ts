import type { Digest } from '@tidewaiter/domain';
import { NotFound } from '@tidewaiter/domain';
import { type Descriptor, documentLimits, parseReferrers } from '@tidewaiter/oci';

import type { RegistrySession } from './session.js';

/** Answers that a registry goes on for; what follows is left out. */
const MAX_PAGES = 16;
/** How registries say that they do not know this part of the protocol. */
const unknownStatuses = new Set([400, 404, 405, 501]);
const nextLink = /<([^<>]{1,2000})>\s*;\s*rel="?next"?/;

/**
 * Asks a registry for what refers to a manifest. Undefined where it does not know such questions.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-referrers
 */
export async function listReferrers(
  session: RegistrySession,
  repository: string,
  digest: Digest,
  signal?: AbortSignal,
): Promise<Descriptor[] | undefined> {
  const found: Descriptor[] = [];
  const first = `referrers/${digest}`;
  let path: string | undefined = first;
  for (let page = 0; path !== undefined && page < MAX_PAGES; page += 1) {
    const response = await session.send({ repository, path, unknown: 'MANIFEST_UNKNOWN', signal }).catch(missing);
    if (!response) return undefined;
    if (response.status !== 200) {
      await response.discard();
      if (page === 0 && unknownStatuses.has(response.status)) return undefined;
      throw session.unexpected(response.status);
    }
    found.push(...parseReferrers(await response.bytes(documentLimits.maxManifestBytes)));
    path = nextPath(response.headers['link'], session.endpoint.origin, repository, first);
  }
  return found;
}

function missing(error: unknown): undefined {
  if (!(error instanceof NotFound)) throw error;
}

/** A link is followed within the same question only: our credentials are for nothing else. */
function nextPath(link: string | undefined, origin: string, repository: string, first: string): string | undefined {
  const [, target] = nextLink.exec(link ?? '') ?? [];
  const url = target === undefined ? null : URL.parse(target, `${origin}/v2/${repository}/${first}`);
  if (url?.origin !== origin || url.pathname !== `/v2/${repository}/${first}`) return undefined;
  return `${first}${url.search}`;
}
