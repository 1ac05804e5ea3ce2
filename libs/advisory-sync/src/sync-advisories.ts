import { readFile } from 'node:fs/promises';

import { epssFeed, kevFeed } from '@tidewaiter/advisories';
import { InvalidInput, LimitExceeded, NotFound, Unavailable } from '@tidewaiter/domain';
import type { Egress, EgressRequest } from '@tidewaiter/egress';

import { download } from './download.js';
import { type AdvisoryPlaces, archiveUrl, ecosystemsUrl, readEcosystems } from './places.js';
import { noteUnchanged, readFeed } from './read-feed.js';
import type { ReadOptions } from './read-records.js';
import { type AdvisorySource, archive } from './record-source.js';

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

/** Limit on one archive, packed; the bucket's largest has 1 GiB. */
const maxArchiveBytes = 16 * 1024 * 1024 * 1024;
const maxExploitationBytes = 64 * 1024 * 1024;
const maxListBytes = 1024 * 1024;

/** File to request, and how it is read. */
interface RemoteFeed {
  name: string;
  url: string;
  maxBytes: number;
  sourceOf(path: string): AdvisorySource;
}

/**
 * Requests newer content from every place, and writes it. Reports places that fail to the listener;
 * the other feeds continue, and known data stays.
 */
export async function syncAdvisories(options: SyncOptions): Promise<void> {
  for (const feed of [...(await bucketFeeds(options)), ...exploitationFeeds(options.places)]) {
    try {
      await syncFeed(feed, options);
    } catch (error) {
      if (!isOfFeed(error)) throw error;
      options.listener.failed(feed.name, error);
    }
  }
}

async function syncFeed({ name, url, maxBytes, sourceOf }: RemoteFeed, options: SyncOptions): Promise<void> {
  const { egress, keeper, listener, folder, request, retryDelaysMs } = options;
  const askedAt = new Date().toISOString();
  const origin = withoutSecrets(url);
  const before = await keeper.feed(name);
  const isSamePlace = before?.origin === origin;
  const file = await download(egress, {
    url,
    known: isSamePlace ? before : null,
    folder,
    maxBytes,
    request,
    onBytes: (bytes, totalBytes) => listener.downloading(name, bytes, totalBytes),
    ...(retryDelaysMs && { retryDelaysMs }),
  });
  if (file === null) {
    // Only a feed that was read before can be reported as unchanged.
    if (before) listener.done(await noteUnchanged(before, askedAt, options));
    return;
  }
  try {
    const { etag, lastModified } = file;
    listener.done(await readFeed(sourceOf(file.path), { origin, etag, lastModified, askedAt }, options));
  } finally {
    await file.remove();
  }
}

async function bucketFeeds(options: SyncOptions): Promise<RemoteFeed[]> {
  const { osvUrl } = options.places;
  if (osvUrl === null) return [];
  try {
    const ecosystems = options.ecosystems ?? (await listEcosystems(osvUrl, options));
    return ecosystems.map((name) => ({
      name,
      url: archiveUrl(osvUrl, name),
      maxBytes: maxArchiveBytes,
      sourceOf: (path) => archive(path, name),
    }));
  } catch (error) {
    if (!isOfFeed(error)) throw error;
    options.listener.failed('ecosystems.txt', error);
    return [];
  }
}

async function listEcosystems(osvUrl: string, { egress, folder, request, retryDelaysMs }: SyncOptions) {
  const file = await download(egress, {
    url: ecosystemsUrl(osvUrl),
    known: null,
    folder,
    maxBytes: maxListBytes,
    request,
    onBytes: () => undefined,
    ...(retryDelaysMs && { retryDelaysMs }),
  });
  try {
    return readEcosystems(await readFile(file!.path, 'utf8'));
  } finally {
    await file?.remove();
  }
}

function exploitationFeeds({ kevUrl, epssUrl }: AdvisoryPlaces): RemoteFeed[] {
  const feed = (name: string, kind: 'kev' | 'epss', url: string | null): RemoteFeed[] =>
    url === null ? [] : [{ name, url, maxBytes: maxExploitationBytes, sourceOf: (path) => ({ kind, name, path }) }];
  return [...feed(kevFeed, 'kev', kevUrl), ...feed(epssFeed, 'epss', epssUrl)];
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
