import type { Alert, RecordSource, WideMatch } from '@tidewaiter/detection';
import type { RuntimeRecord } from '@tidewaiter/domain';

/** Judges the records of one partition; its output depends on its input alone. */
export interface Engine {
  /** The record is number `index` of `source`. */
  observe(record: RuntimeRecord, source: RecordSource, index: number): Alert[];
  /** Advances its time to `nowMs`, in milliseconds since 1970. */
  advance(nowMs: number): Alert[];
  /** Takes the matches since the last call, for correlations over all partitions. */
  takeMatches(): WideMatch[];
  snapshot(): Uint8Array;
}
