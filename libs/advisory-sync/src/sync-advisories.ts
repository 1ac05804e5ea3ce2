import { InvalidInput, LimitExceeded, NotFound, Unavailable } from '@tidewaiter/domain';
import type { Egress, EgressRequest } from '@tidewaiter/egress';

import { download } from './download.js';
import { noteUnchanged, readFeed } from './read-feed.js';
import type { ReadOptions } from './read-records.js';
import type { FeedSource, RemoteFeed, SyncTools } from './sources/feed-source.js';
import { type AdvisoryPlaces, feedSources } from './sources/sources.js';

export interface SyncOptions extends ReadOptions {
  egress: Egress;
  places: AdvisoryPlaces;
  /** Ecosystems of the bucket; all of its list by default. */
  ecosystems: readonly string[] | null;
  /** Folder for running downloads; an unfinished file there is resumed. */
  folder: string;
  /** Options of every request of this sync. */
  request: Pick<EgressRequest, 'allowPrivate' | 'signal' | 'tls'>;
  retryDelaysMs?: readonly number[];
}

/**
 * Requests newer content from every place, and writes it. Reports places that fail to the listener;
 * the other feeds continue, and known data stays.
 */
export async function syncAdvisories(options: SyncOptions): Promise<void> {
  const tools = toolsOf(options);
  for (const source of feedSources) {
    for (const feed of await feedsOf(source, tools, options)) {
      try {
        await syncFeed(feed, tools, options);
      } catch (error) {
        if (!isOfFeed(error)) throw error;
        options.listener.failed(feed.name, error);
      }
    }
  }
}

async function feedsOf(source: FeedSource, tools: SyncTools, options: SyncOptions): Promise<RemoteFeed[]> {
  const url = options.places[source.name];
  if (url === null) return [];
  try {
    return await source.feeds(url, tools);
  } catch (error) {
    if (!isOfFeed(error)) throw error;
    options.listener.failed(source.index ?? source.name, error);
    return [];
  }
}

async function syncFeed(feed: RemoteFeed, tools: SyncTools, options: SyncOptions): Promise<void> {
  const { keeper, listener } = options;
  const askedAt = new Date().toISOString();
  const origin = withoutSecrets(feed.url);
  const before = await keeper.feed(feed.name);
  const isSamePlace = before?.origin === origin;
  const fetched = await feed.fetch(isSamePlace ? before : null, tools);
  if (fetched === null) {
    // Only a feed that was read before can be reported as unchanged.
    if (before) listener.done(await noteUnchanged(before, askedAt, options));
    return;
  }
  try {
    const { etag, lastModified, source } = fetched;
    listener.done(await readFeed(source, { origin, etag, lastModified, askedAt }, options));
  } finally {
    await fetched.remove();
  }
}

function toolsOf({ egress, folder, request, retryDelaysMs, listener, ecosystems }: SyncOptions): SyncTools {
  return {
    ecosystems,
    download: async ({ name, ...file }) =>
      download(egress, {
        ...file,
        folder,
        request,
        onBytes: (bytes, totalBytes) => {
          if (name !== null) listener.downloading(name, bytes, totalBytes);
        },
        ...(retryDelaysMs && { retryDelaysMs }),
      }),
  };
}

/** Whether an error concerns a feed, and not the store. */
function isOfFeed(error: unknown): boolean {
  if (error instanceof InvalidInput || error instanceof LimitExceeded || error instanceof NotFound) return true;
  return error instanceof Unavailable && /^(EGRESS|FEED)_/.test(error.code);
}

/** The URL of a mirror may contain a password, or a signature in the query. */
function withoutSecrets(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
