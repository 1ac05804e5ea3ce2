import type { TidewaiterError } from '@tidewaiter/domain';

import type { OsvAdvisory } from '../osv-record.js';

/** Record of a feed, or the reason why it could not be read. */
export type AdvisoryItem =
  | {
      name: string;
      advisory: OsvAdvisory;
      sizeBytes: number;
      /** Whether nothing of it is stored, so that only a known record is withdrawn. */
      isRemoval?: true;
    }
  | { name: string; error: TidewaiterError };

/** File of a feed, decompressed. */
export interface FeedDocument {
  /** Name of the file, for messages. */
  name: string;
  bytes: AsyncIterable<Uint8Array>;
  /** Time of the file, ISO 8601, for formats without dates. */
  changedAt?: string;
}

/** Reads one format of advisories into the model of OSV. */
export interface AdvisoryFormat {
  /** Name of its folder. */
  name: string;
  /** Ecosystem that its records are about. */
  ecosystem: string;
  /**
   * Whether a decompressed file is of this format, by its first bytes, at most
   * {@link formatHeadBytes}.
   */
  recognizes: (head: string) => boolean;
  /**
   * Whether a record with this id comes from this format. A complete archive of another source does
   * not delete it.
   */
  owns: (id: string) => boolean;
  /**
   * Yields the records one after another, in bounded memory; a broken record gives an item with an
   * error.
   * @throws InvalidInput, LimitExceeded when the file cannot be read to its end
   */
  read: (document: FeedDocument) => AsyncIterable<AdvisoryItem>;
}

/** Number of bytes by which a file is recognized. */
export const formatHeadBytes = 16 * 1024;
