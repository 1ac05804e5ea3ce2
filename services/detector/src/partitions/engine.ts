import type { DetectionAlert, RecordSource, WideMatch } from '@tidewaiter/detection';
import type { RuntimeRecord } from '@tidewaiter/domain';

/** Evaluates the records of one partition; its output depends on its input alone. */
export interface PartitionEngine {
  /** The record is number `index` of `source`. */
  observe(record: RuntimeRecord, source: RecordSource, index: number): DetectionAlert[];
  /** Advances its time to `nowMs`, in milliseconds since 1970. */
  advance(nowMs: number): DetectionAlert[];
  /** Takes the matches since the last call, for correlations over all partitions. */
  takeMatches(): WideMatch[];
  snapshot(): Uint8Array;
}
