import type { JsonObject, Observation, RuntimeRecord } from '@tidewaiter/domain';
import { isNativeAsked } from '@tidewaiter/sensors';

/** Where records come from, and can be read again. */
export interface RecordSource {
  /** The event of the record with that number, in the words of its sensor. */
  eventAt(index: number): JsonObject;
}

/** An event on its way to its place in the order. */
export interface WaitingEvent {
  id: string;
  /** Where it stands in the order. */
  timeMs: number;
  happenedMs: number;
  observation: Observation;
  /** Null where the sensor's own words do not wait with it: they are in `source`, at `index`. */
  record: RuntimeRecord | null;
  source: RecordSource | null;
  index: number;
}

export function waitingEvent(record: RuntimeRecord, observation: Observation, timeMs: number): WaitingEvent {
  return { id: record.id, timeMs, happenedMs: observation.timeMs, observation, record, source: null, index: 0 };
}

const unread: JsonObject = Object.freeze({});

/**
 * The sensor's own words are most of an event, tens of thousands may wait, and what waits is moved about by the garbage collector: where no rule asks for
 * one of their `members`, they stay where they came from.
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

/** The sensor's own words, wherever they are. */
export function nativeOf({ observation, source, index }: WaitingEvent): JsonObject {
  return source === null ? observation.native : source.eventAt(index);
}

export function bringNative(waiting: WaitingEvent): void {
  waiting.observation.native = nativeOf(waiting);
  waiting.source = null;
}

/** The record as it came. */
export function recordOf(waiting: WaitingEvent): RuntimeRecord {
  if (waiting.record !== null) return waiting.record;
  const { id, source, sensor, cluster, node, at, secrets } = waiting.observation;
  return { id, source, sensor, cluster, node, at, event: nativeOf(waiting), ...(secrets && { secrets }) };
}
