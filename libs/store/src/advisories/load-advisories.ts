import {
  type AdvisoryFeed,
  endOfLifeFeed,
  type EpssScore,
  epssFeed,
  type KevEntry,
  type KevList,
  kevListOf,
  type PackedAdvisory,
  type ProductReleases,
  type RepositoryCpes,
  repositoryFeed,
} from '@tidewaiter/advisories';

import type { Store } from '../core/store.js';
import { Advisories, type EncodedAdvisory, encoded } from './advisories.js';
import { AdvisoryFeeds } from './advisory-feeds.js';

/** A complete set of advisories, such as the local file. */
export interface AdvisorySnapshot {
  feeds(): AdvisoryFeed[];
  /** Ids and modification times of all records. */
  stamps(): Iterable<{ id: string; modified: string }>;
  packed(ids: readonly string[]): Iterable<PackedAdvisory>;
  /** Filters ids: those of records about an ecosystem. */
  listing(ecosystem: string, ids: readonly string[]): ReadonlySet<string>;
  /** Whether any record is about an ecosystem. */
  lists(ecosystem: string): boolean;
  kev(list: KevList): KevEntry[];
  epss(): EpssScore[];
  endOfLife(): ProductReleases[];
  repositories(): RepositoryCpes[];
}

interface LoadOptions {
  /** Whether any number of records that the set lacks is deleted. */
  acceptsRemovals: boolean;
  signal?: AbortSignal;
}

/** Numbers of rows that were written. */
export interface LoadResult {
  changed: number;
  gone: number;
  /** Entries of KEV and EPSS, products of endoflife.date, repositories of Red Hat. */
  facts: number;
  /** Ecosystems of which more records are missing than an honest set loses; they stay. */
  kept: { ecosystem: string; gone: number; all: number }[];
}

/** Ids that are compared in one statement. */
const comparedIds = 20_000;
/**
 * Limits of one transaction, for which verdicts may have to wait. A record may list a package, or
 * thousands.
 */
const writtenRecords = 2_000;
const writtenEntries = 10_000;
/** As for the archive of one ecosystem. */
const maxGoneShare = 0.1;
const maxGoneAlways = 20;

/**
 * Brings the stored advisories to the state of a complete set. Only differences are written, in
 * short transactions: events follow from real changes, and verdicts do not wait.
 */
export async function loadAdvisories(
  store: Store,
  snapshot: AdvisorySnapshot,
  { acceptsRemovals, signal }: LoadOptions,
): Promise<LoadResult> {
  const advisories = new Advisories(store);
  const feeds = new AdvisoryFeeds(store, advisories);
  const changed = new Map<string, number>();
  const result: LoadResult = { changed: 0, gone: 0, facts: 0, kept: [] };
  const isFirst = !(await advisories.hasAny());
  let writing = Promise.resolve(0);
  for await (const ids of newerThanStored(feeds, snapshot)) {
    for (const records of inTransactions(encodedEach(snapshot.packed(ids)))) {
      signal?.throwIfAborted();
      // Read and encoded while PostgreSQL writes the records before.
      result.changed += await writing;
      writing = advisories.load(records);
      // Awaited with the next ones; until then a failure must not end the process.
      writing.catch(() => undefined);
      for (const { named } of records) {
        for (const name of new Set(named.map(({ ecosystem }) => ecosystem)))
          changed.set(name, (changed.get(name) ?? 0) + 1);
      }
    }
  }
  result.changed += await writing;
  const stored = new Map((await feeds.feeds()).map((feed) => [feed.name, feed]));
  for (const feed of snapshot.feeds()) {
    signal?.throwIfAborted();
    const isKnown = stored.get(feed.name)?.changedAt === feed.changedAt;
    if (isKnown && !changed.has(feed.name)) {
      await feeds.noteFeed(feed, null);
      continue;
    }
    const gone = isFirst ? 0 : await retire(feeds, snapshot, feed.name, acceptsRemovals, result);
    const facts = await putFacts(feeds, snapshot, feed.name);
    result.facts += facts;
    await feeds.noteFeed(feed, (changed.get(feed.name) ?? 0) + gone + facts);
  }
  return result;
}

/** Ids of records that are new or newer, in the order of the set. */
async function* newerThanStored(feeds: AdvisoryFeeds, snapshot: AdvisorySnapshot): AsyncGenerator<string[]> {
  for (const batch of inBatches(snapshot.stamps(), comparedIds)) {
    const known = await feeds.known(batch.map(({ id }) => id));
    const newer = batch.filter(({ id, modified }) => (known.get(id) ?? Number.NEGATIVE_INFINITY) < timeOf(modified));
    if (newer.length > 0) yield newer.map(({ id }) => id);
  }
}

function* inBatches<Item>(items: Iterable<Item>, size: number): Generator<Item[]> {
  let batch: Item[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function* encodedEach(advisories: Iterable<PackedAdvisory>): Generator<EncodedAdvisory> {
  for (const advisory of advisories) yield encoded(advisory);
}

function* inTransactions(advisories: Iterable<EncodedAdvisory>): Generator<EncodedAdvisory[]> {
  let batch: EncodedAdvisory[] = [];
  let entries = 0;
  for (const advisory of advisories) {
    batch.push(advisory);
    entries += advisory.entries;
    if (batch.length < writtenRecords && entries < writtenEntries) continue;
    yield batch;
    [batch, entries] = [[], 0];
  }
  if (batch.length > 0) yield batch;
}

/** A record without a time is written whatever its date. */
function timeOf(modified: string): number {
  const time = Date.parse(modified);
  return Number.isNaN(time) ? Number.POSITIVE_INFINITY : time;
}

async function retire(
  feeds: AdvisoryFeeds,
  snapshot: AdvisorySnapshot,
  ecosystem: string,
  acceptsRemovals: boolean,
  result: LoadResult,
): Promise<number> {
  // Not an ecosystem, or one without records: nothing shows that its records are gone.
  if (!snapshot.lists(ecosystem)) return 0;
  const gone: string[] = [];
  let all = 0;
  for await (const ids of feeds.pagesOfIds(ecosystem, comparedIds)) {
    const present = snapshot.listing(ecosystem, ids);
    all += ids.length;
    gone.push(...ids.filter((id) => !present.has(id)));
  }
  if (gone.length === 0) return 0;
  if (!acceptsRemovals && gone.length > Math.max(all * maxGoneShare, maxGoneAlways)) {
    result.kept.push({ ecosystem, gone: gone.length, all });
    return 0;
  }
  await feeds.retire(ecosystem, gone);
  result.gone += gone.length;
  return gone.length;
}

async function putFacts(feeds: AdvisoryFeeds, snapshot: AdvisorySnapshot, name: string): Promise<number> {
  const list = kevListOf(name);
  if (list) return feeds.putKev(list, snapshot.kev(list));
  if (name === repositoryFeed) return feeds.putRepositories(snapshot.repositories());
  if (name === endOfLifeFeed) return feeds.putEndOfLife(snapshot.endOfLife());
  return name === epssFeed ? feeds.putEpss(snapshot.epss()) : 0;
}
