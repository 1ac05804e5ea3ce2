import type { Alert, WideMatch } from '@tidewaiter/detection';
import type { JsonObject, RuntimeRecord } from '@tidewaiter/domain';

/** What judges the records of one partition: everything that it says follows from what it is given. */
export interface Engine {
  /** `reread` reads the event of the record again. */
  observe(record: RuntimeRecord, reread: () => JsonObject): Alert[];
  /** Moves its time on, in milliseconds since 1970. */
  advance(nowMs: number): Alert[];
  /** What it has found since the last call for those who correlate over all partitions. */
  takeMatches(): WideMatch[];
  snapshot(): Uint8Array;
}
