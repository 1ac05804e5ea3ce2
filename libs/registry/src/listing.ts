import { LimitExceeded } from '@tidewaiter/domain';
import { z } from 'zod';

import type { RegistrySession } from './session.js';

/** Names requested in one page; a registry may return fewer. */
const pageSize = 1_000;
const maxPages = 1_000;
const maxPageBytes = 4 * 1024 * 1024;
const nextLink = /<([^<>]{1,2000})>\s*;\s*rel="?next"?/;

const names = z.array(z.string().max(512)).nullish();
const page = z.object({ repositories: names, tags: names });

/**
 * Lists what a registry has, page by page.
 * @throws NotFound `NAME_UNKNOWN`, also where a registry has no catalog
 * @throws LimitExceeded over a thousand pages
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-tags
 * @see https://distribution.github.io/distribution/spec/api/#listing-repositories
 */
export async function* listNames(
  session: RegistrySession,
  repository: string,
  list: 'tags/list' | '_catalog',
  signal?: AbortSignal,
): AsyncGenerator<string> {
  let path: string | undefined = `${list}?n=${pageSize}`;
  for (let pages = 0; path !== undefined; pages += 1) {
    if (pages === maxPages)
      throw new LimitExceeded('LIST_PAGES', `${session.endpoint.host} lists more than ${maxPages} pages`);
    const response = await session.send({ repository, path, unknown: 'NAME_UNKNOWN', signal });
    if (response.status !== 200) {
      await response.discard();
      throw session.unexpected(response.status);
    }
    const { data } = page.safeParse(await response.json(maxPageBytes));
    if (!data) throw session.unexpected(response.status);
    yield* (list === '_catalog' ? data.repositories : data.tags) ?? [];
    path = nextPage(response.headers['link'], session.endpoint.origin, repository, list);
  }
}

/** Follows a link only within the same list: our credentials are for nothing else. */
function nextPage(link: string | undefined, origin: string, repository: string, list: string): string | undefined {
  const [, target] = nextLink.exec(link ?? '') ?? [];
  const place = `/v2/${repository === '' ? '' : `${repository}/`}${list}`;
  const url = target === undefined ? null : URL.parse(target, `${origin}${place}`);
  return url?.origin === origin && url.pathname === place ? `${list}${url.search}` : undefined;
}
