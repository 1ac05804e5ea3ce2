import { readFile, stat } from 'node:fs/promises';

import {
  type AdvisoryFeed,
  endOfLifeFeed,
  epssFeed,
  kevFeedOf,
  readEndOfLife,
  readEpss,
  readKev,
  readRepositoryMap,
  repositoryFeed,
} from '@tidewaiter/advisories';
import { LimitExceeded } from '@tidewaiter/domain';

import type { FeedResult } from './advisory-keeper.js';
import { noneReadable, readRecords, type ReadOptions } from './read-records.js';
import type { AdvisorySource, FactSource, KevSource } from './record-source.js';

/** Origin of the file of a feed. */
export interface FeedOrigin extends Pick<AdvisoryFeed, 'origin' | 'etag' | 'lastModified'> {
  /**
   * Time of the request to the server, ISO 8601; null for a local file, which is as old as its
   * content.
   */
  askedAt: string | null;
}

/** The catalog has 1.5 MB, a day of scores 10 MB, the products of endoflife.date 5 MB. */
const maxFactBytes = 128 * 1024 * 1024;

type Content = Omit<FeedResult, 'name' | 'state' | 'seconds'> & {
  /** Date of its newest content, ISO 8601; null if empty. */
  newest: string | null;
};

/**
 * Reads one file into the store and records it as a feed. Records and removes nothing if the file
 * cannot be read to its end.
 * @throws InvalidInput, LimitExceeded when the file is not valid
 */
export async function readFeed(source: AdvisorySource, origin: FeedOrigin, options: ReadOptions): Promise<FeedResult> {
  const start = performance.now();
  const { keeper } = options;
  const name = feedNameOf(source);
  const content = await keeper.update(async () => {
    const content = source.kind === 'records' ? await readRecords(source, options) : await readFacts(source, options);
    const before = await keeper.feed(name);
    await keeper.noteFeed(feedOf(name, origin, content, before), content.changed);
    return content;
  });
  const { newest: _, ...counts } = content;
  return { name, state: 'read', ...counts, seconds: (performance.now() - start) / 1000 };
}

/** Records that a server had no new content. */
export async function noteUnchanged(feed: AdvisoryFeed, askedAt: string, { keeper }: ReadOptions): Promise<FeedResult> {
  // Scores are of a day, at any time of the request.
  const asOf = feed.name === epssFeed ? feed.asOf : askedAt;
  await keeper.update(async () => keeper.noteFeed({ ...feed, asOf, checkedAt: askedAt }, null));
  const none = { changed: 0, rejected: feed.rejected, incomplete: 0, gone: 0, seconds: 0 };
  return { name: feed.name, state: 'unchanged', records: feed.records, ...none };
}

const factFeeds: Readonly<Record<FactSource['kind'], string>> = {
  epss: epssFeed,
  'end-of-life': endOfLifeFeed,
  repositories: repositoryFeed,
};

function feedNameOf(source: AdvisorySource): string {
  if (source.kind === 'records') return source.name;
  return source.kind === 'kev' ? kevFeedOf(source.list) : factFeeds[source.kind];
}

function feedOf(
  name: string,
  { origin, etag, lastModified, askedAt }: FeedOrigin,
  { records, rejected, changed, gone, newest }: Content,
  before: AdvisoryFeed | null,
): AdvisoryFeed {
  const now = new Date().toISOString();
  const asOf = name === epssFeed ? (newest ?? now) : (askedAt ?? earlier(newest ?? now, now));
  const changedAt = changed + gone > 0 ? now : (before?.changedAt ?? now);
  return { name, origin, etag, lastModified, asOf, checkedAt: askedAt ?? now, changedAt, records, rejected };
}

/** Limits a date to now: records from the future do not prove that a file is current. */
function earlier(one: string, other: string): string {
  return new Date(Math.min(Date.parse(one), Date.parse(other))).toISOString();
}

async function readFacts(source: FactSource | KevSource, { keeper }: ReadOptions): Promise<Content> {
  const { kind, path } = source;
  if ((await stat(path)).size > maxFactBytes) {
    throw new LimitExceeded('maxFactBytes', `the file has more than ${maxFactBytes} bytes`);
  }
  const bytes = await readFile(path);
  const none = { incomplete: 0, gone: 0 };
  if (kind === 'kev') {
    const { entries, rejected, releasedAt } = readKev(bytes, source.list);
    if (entries.length === 0) throw noneReadable(rejected);
    const changed = await keeper.putKev(source.list, entries);
    return { ...none, records: entries.length, rejected, newest: releasedAt, changed };
  }
  if (kind === 'end-of-life') {
    const { products, rejected, publishedAt } = readEndOfLife(bytes);
    if (products.length === 0) throw noneReadable(rejected);
    const changed = await keeper.putEndOfLife(products);
    return { ...none, records: products.length, rejected, newest: publishedAt, changed };
  }
  if (kind === 'repositories') {
    const { repositories, rejected, updatedAt } = readRepositoryMap(bytes);
    if (repositories.length === 0) throw noneReadable(rejected);
    const changed = await keeper.putRepositories(repositories);
    return { ...none, records: repositories.length, rejected, newest: updatedAt, changed };
  }
  const { scores, rejected, scoredAt } = readEpss(bytes);
  if (scores.length === 0) throw noneReadable(rejected);
  return { ...none, records: scores.length, rejected, newest: scoredAt, changed: await keeper.putEpss(scores) };
}
