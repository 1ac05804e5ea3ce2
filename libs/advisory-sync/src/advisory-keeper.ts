import type {
  AdvisoryFeed,
  EpssScore,
  KevEntry,
  KevList,
  OsvAdvisory,
  ProductReleases,
  RepositoryCpes,
} from '@tidewaiter/advisories';

/** Store for advisories: the local file, or the platform's database. */
export interface AdvisoryKeeper {
  /**
   * Runs `work`; if the store supports it, all of its writes become visible together, or none if it
   * throws.
   */
  update<T>(work: () => Promise<T>): Promise<T>;
  /** State of a feed; null before it was first read. */
  feed(name: string): Promise<AdvisoryFeed | null>;
  /**
   * Records the result of a feed, with `changed` records new to the store; null if there was
   * nothing to read.
   */
  noteFeed(feed: AdvisoryFeed, changed: number | null): Promise<void>;
  /** Modification times of the records of these ids that are known, in milliseconds since 1970. */
  known(ids: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Writes new and newer records; returns their number. */
  put(advisories: readonly OsvAdvisory[]): Promise<number>;
  /** Ids of the advisories about an ecosystem that are not withdrawn. */
  idsOf(ecosystem: string): Promise<string[]>;
  /**
   * Deletes the entries of these advisories for an ecosystem; if they come back, they are written
   * with any date.
   */
  retire(ecosystem: string, ids: readonly string[]): Promise<void>;
  /**
   * Replace a whole list of exploited vulnerabilities, all scores, products or repositories; return
   * the number of added, changed and removed ones.
   */
  putKev(list: KevList, entries: readonly KevEntry[]): Promise<number>;
  putEpss(scores: readonly EpssScore[]): Promise<number>;
  putEndOfLife(products: readonly ProductReleases[]): Promise<number>;
  putRepositories(repositories: readonly RepositoryCpes[]): Promise<number>;
}

/** Receives the progress of reading, for display. */
export interface ReadingListener {
  /** Bytes of a download so far; `totalBytes` is null if the server sends no length. */
  downloading(name: string, bytes: number, totalBytes: number | null): void;
  reading(name: string, records: number): void;
  /** Called for a record that was left out. */
  rejected(name: string, reason: string): void;
  /**
   * Called when more records were missing than an honest archive loses, so they were not deleted.
   */
  keptDeleted(name: string, gone: number, all: number): void;
  done(result: FeedResult): void;
  /** Called for a feed that could not be read; its known records stay. */
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
  /** Number of records that were deleted because the archive no longer has them. */
  gone: number;
  seconds: number;
}
