import {
  type AdvisoryFeed,
  type EpssScore,
  epssFeed,
  type KevEntry,
  kevFeed,
  type OsvAdvisory,
} from '@tidewaiter/advisories';

import type { Store } from '../core/store.js';
import { Advisories } from './advisories.js';
import { AdvisoryFeeds } from './advisory-feeds.js';

/** A complete set of advisories, such as the local file. */
export interface AdvisorySnapshot {
  feeds(): AdvisoryFeed[];
  /** Ids and modification times of all records. */
  stamps(): Iterable<{ id: string; modified: string }>;
  /** Records with their packages. */
  advisories(ids: readonly string[]): OsvAdvisory[];
  idsOf(ecosystem: string): Iterable<string>;
  kev(): KevEntry[];
  epss(): EpssScore[];
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
  /** Entries of KEV and EPSS. */
  exploitation: number;
  /** Ecosystems of which more records are missing than an honest set loses; they stay. */
  kept: { ecosystem: string; gone: number; all: number }[];
}

/** Records that are compared, and that are written, in one statement. */
const comparedRecords = 20_000;
const writtenRecords = 1_000;
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
  const result: LoadResult = { changed: 0, gone: 0, exploitation: 0, kept: [] };
  const ids = await newerThanStored(feeds, snapshot);
  let writing = Promise.resolve(0);
  for (let start = 0; start < ids.length; start += writtenRecords) {
    signal?.throwIfAborted();
    // Read while PostgreSQL writes the records before.
    const records = snapshot.advisories(ids.slice(start, start + writtenRecords));
    result.changed += await writing;
    writing = advisories.load(records);
    // Awaited with the next ones; until then a failure must not end the process.
    writing.catch(() => undefined);
    for (const { affected } of records) {
      for (const name of new Set(affected.map(({ ecosystem }) => ecosystem)))
        changed.set(name, (changed.get(name) ?? 0) + 1);
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
    const gone = await retire(feeds, snapshot, feed.name, acceptsRemovals, result);
    const exploitation = await putExploitation(feeds, snapshot, feed.name);
    result.exploitation += exploitation;
    await feeds.noteFeed(feed, (changed.get(feed.name) ?? 0) + gone + exploitation);
  }
  return result;
}

async function newerThanStored(feeds: AdvisoryFeeds, snapshot: AdvisorySnapshot): Promise<string[]> {
  const newer: string[] = [];
  let batch: { id: string; modified: string }[] = [];
  const compare = async () => {
    const known = await feeds.known(batch.map(({ id }) => id));
    for (const { id, modified } of batch) {
      if ((known.get(id) ?? Number.NEGATIVE_INFINITY) < timeOf(modified)) newer.push(id);
    }
    batch = [];
  };
  for (const stamp of snapshot.stamps()) {
    batch.push(stamp);
    if (batch.length === comparedRecords) await compare();
  }
  await compare();
  return newer;
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
  const present = new Set(snapshot.idsOf(ecosystem));
  // Not an ecosystem, or one without records: nothing shows that its records are gone.
  if (present.size === 0) return 0;
  const all = await feeds.idsOf(ecosystem);
  const gone = all.filter((id) => !present.has(id));
  if (gone.length === 0) return 0;
  if (!acceptsRemovals && gone.length > Math.max(all.length * maxGoneShare, maxGoneAlways)) {
    result.kept.push({ ecosystem, gone: gone.length, all: all.length });
    return 0;
  }
  await feeds.retire(ecosystem, gone);
  result.gone += gone.length;
  return gone.length;
}

async function putExploitation(feeds: AdvisoryFeeds, snapshot: AdvisorySnapshot, name: string): Promise<number> {
  if (name === kevFeed) return feeds.putKev(snapshot.kev());
  return name === epssFeed ? feeds.putEpss(snapshot.epss()) : 0;
}
