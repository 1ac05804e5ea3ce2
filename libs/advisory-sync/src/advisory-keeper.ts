import type { AdvisoryFeed, EpssScore, KevEntry, OsvAdvisory } from '@tidewaiter/advisories';

/** Store to which advisories are written: the local file, or the platform's database. */
export interface AdvisoryKeeper {
  /** Runs `work`; where the keeper can, all of its writes become visible together, or none when it throws. */
  update<T>(work: () => Promise<T>): Promise<T>;
  /** State of a feed; null before it was first read. */
  feed(name: string): Promise<AdvisoryFeed | null>;
  /** Records the result of a feed, with `changed` records new to the keeper; null when there was nothing to read. */
  noteFeed(feed: AdvisoryFeed, changed: number | null): Promise<void>;
  /** Modification times of the records of these ids that are known, in milliseconds since 1970. */
  known(ids: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Writes the records that are new or newer; returns their number. */
  put(advisories: readonly OsvAdvisory[]): Promise<number>;
  /** Ids of the advisories about an ecosystem that are not withdrawn. */
  idsOf(ecosystem: string): Promise<string[]>;
  /**
   * Deletes the entries of these advisories for an ecosystem; should they come back, they are
   * written whatever their date.
   */
  retire(ecosystem: string, ids: readonly string[]): Promise<void>;
  /** Replace the whole catalog and all scores; return how many came, changed or went. */
  putKev(entries: readonly KevEntry[]): Promise<number>;
  putEpss(scores: readonly EpssScore[]): Promise<number>;
}

/** Receives the progress of reading; decides what users see of it. */
export interface ReadingListener {
  /** Bytes of a download so far; `totalBytes` is null where the server sends no length. */
  downloading(name: string, bytes: number, totalBytes: number | null): void;
  reading(name: string, records: number): void;
  /** A record that was left out. */
  rejected(name: string, reason: string): void;
  /** More records were gone than an honest archive loses, so they were not deleted. */
  keptDeleted(name: string, gone: number, all: number): void;
  done(result: FeedResult): void;
  /** A feed that could not be read; its known records stay. */
  failed(name: string, error: unknown): void;
}

/** Result of one feed. */
export interface FeedResult {
  name: string;
  state: 'read' | 'unchanged';
  records: number;
  changed: number;
  rejected: number;
  /** Records with parts that cannot be read. */
  incomplete: number;
  /** Records that were deleted because the archive no longer has them. */
  gone: number;
  seconds: number;
}
