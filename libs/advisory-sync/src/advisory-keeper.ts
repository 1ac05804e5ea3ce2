import type { AdvisoryFeed, EpssScore, KevEntry, OsvAdvisory } from '@tidewaiter/advisories';

/** Where advisories are written to: the local file, or the platform's database. */
export interface AdvisoryKeeper {
  /** Does `work`; where the keeper can, all of its writes become visible together, or none when it throws. */
  update<T>(work: () => Promise<T>): Promise<T>;
  /** What is known of a feed; null before it was first read. */
  feed(name: string): Promise<AdvisoryFeed | null>;
  /** Notes what a feed has brought, `changed` records of it new to the keeper; null when there was nothing to read. */
  noteFeed(feed: AdvisoryFeed, changed: number | null): Promise<void>;
  /** When the records of these ids had been modified, in milliseconds since 1970, of those that are known. */
  known(ids: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Writes the records that are new or newer; answers how many. */
  put(advisories: readonly OsvAdvisory[]): Promise<number>;
  /** The advisories that speak of an ecosystem and are not withdrawn. */
  idsOf(ecosystem: string): Promise<string[]>;
  /** Takes back what these advisories say of an ecosystem; should they come back, they are written whatever their date. */
  retire(ecosystem: string, ids: readonly string[]): Promise<void>;
  /** Make these the whole catalogue and all scores; answer how many came, changed or went. */
  putKev(entries: readonly KevEntry[]): Promise<number>;
  putEpss(scores: readonly EpssScore[]): Promise<number>;
}

/** Hears how reading goes; decides what people see of it. */
export interface ReadingListener {
  /** Bytes of a download so far; `totalBytes` is null where the server does not say. */
  downloading(name: string, bytes: number, totalBytes: number | null): void;
  reading(name: string, records: number): void;
  /** A record that was left out. */
  rejected(name: string, reason: string): void;
  /** More records were gone than an honest archive loses, so they were kept. */
  keptGone(name: string, gone: number, all: number): void;
  done(result: FeedResult): void;
  /** A feed that could not be read; what was known of it stays. */
  failed(name: string, error: unknown): void;
}

/** What became of one feed. */
export interface FeedResult {
  name: string;
  state: 'read' | 'unchanged';
  records: number;
  changed: number;
  rejected: number;
  /** Records with parts that cannot be read. */
  incomplete: number;
  /** Records that were taken back because the archive no longer has them. */
  gone: number;
  seconds: number;
}
