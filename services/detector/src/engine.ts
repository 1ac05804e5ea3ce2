import type { Alert, RecordSource, WideMatch } from '@tidewaiter/detection';
import type { RuntimeRecord } from '@tidewaiter/domain';

/** What judges the records of one partition: everything that it says follows from what it is given. */
export interface Engine {
  /** The record is number `index` of `source`. */
  observe(record: RuntimeRecord, source: RecordSource, index: number): Alert[];
  /** Moves its time on, in milliseconds since 1970. */
  advance(nowMs: number): Alert[];
  /** What it has found since the last call for those who correlate over all partitions. */
  takeMatches(): WideMatch[];
  snapshot(): Uint8Array;
}
