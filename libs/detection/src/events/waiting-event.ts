import type { JsonObject, Observation, RuntimeRecord } from '@tidewaiter/domain';
import { isNativeAsked } from '@tidewaiter/sensors';

/** Source from which records can be read again. */
export interface RecordSource {
  /** Returns the native event of the record with that number. */
  eventAt(index: number): JsonObject;
}

/** Event that waits in the reorder buffer. */
export interface WaitingEvent {
  id: string;
  /** Time by which it is ordered. */
  timeMs: number;
  happenedMs: number;
  observation: Observation;
  /** Null where the native event is not in memory: it is in `source`, at `index`. */
  record: RuntimeRecord | null;
  source: RecordSource | null;
  index: number;
}

export function waitingEvent(record: RuntimeRecord, observation: Observation, timeMs: number): WaitingEvent {
  return { id: record.id, timeMs, happenedMs: observation.timeMs, observation, record, source: null, index: 0 };
}

const unread: JsonObject = Object.freeze({});

/**
 * Drops the native event from memory if no rule reads one of its `members`; it can be read from
 * `source` again. Native events are most of an event's size, and tens of thousands may wait, which
 * burdens the garbage collector.
 */
export function leaveNative(
  waiting: WaitingEvent,
  members: ReadonlySet<string>,
  source: RecordSource,
  index: number,
): void {
  if (isNativeAsked(waiting.observation, members)) return;
  waiting.observation.native = unread;
  waiting.record = null;
  waiting.source = source;
  waiting.index = index;
}

/** Returns the native event, from memory or from its source. */
export function nativeOf({ observation, source, index }: WaitingEvent): JsonObject {
  return source === null ? observation.native : source.eventAt(index);
}

export function bringNative(waiting: WaitingEvent): void {
  waiting.observation.native = nativeOf(waiting);
  waiting.source = null;
}

/** Restores the record as it was received. */
export function recordOf(waiting: WaitingEvent): RuntimeRecord {
  if (waiting.record !== null) return waiting.record;
  const { id, source, sensor, cluster, node, at, secrets } = waiting.observation;
  return { id, source, sensor, cluster, node, at, event: nativeOf(waiting), ...(secrets && { secrets }) };
}
