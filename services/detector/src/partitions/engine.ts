import type { DetectionAlert, RecordSource, WideMatch } from '@tidewaiter/detection';
import type { RuntimeRecord } from '@tidewaiter/domain';

/** Evaluates the records of one partition; its output depends only on its input. */
export interface PartitionEngine {
  /** Time to which its clock was last advanced; null before the first time. */
  readonly clockMs: number | null;
  /** Evaluates a record, number `index` of `source`. */
  observe(record: RuntimeRecord, source: RecordSource, index: number): DetectionAlert[];
  /** Advances its clock to `nowMs`, in milliseconds since 1970. */
  advance(nowMs: number): DetectionAlert[];
  /** Takes the matches since the last call, for correlations over all partitions. */
  takeMatches(): WideMatch[];
  /** Takes a snapshot now, and writes it in steps, between which records may be evaluated. */
  snapshotSteps(): Iterator<Uint8Array>;
}
