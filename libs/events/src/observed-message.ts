import { InvalidInput, type JsonObject, type RuntimeRecord, runtimeSources } from '@tidewaiter/domain';

import { runtimeObserved } from './catalogue.js';
import { checkedData, readEnvelope } from './envelope.js';
import type { DataOf } from './event-type.js';

type Observed = DataOf<typeof runtimeObserved>;

/** The records of a message of the runtime stream. @throws InvalidInput when it is none */
export function observedRecords(message: Uint8Array): RuntimeRecord[] {
  const event = readEnvelope(message);
  if (event.type !== runtimeObserved.type)
    throw new InvalidInput('EVENT_MALFORMED', `${event.type} does not belong here`);
  // Thousands come a second, and the schema makes each record anew: it is asked when something is wrong, to say what.
  return isObserved(event.data) ? event.data.records : (checkedData(event) as Observed).records;
}

const sources: ReadonlySet<unknown> = new Set(runtimeSources);

/** Never true of what the schema would refuse. */
function isObserved(data: unknown): data is Observed {
  if (!isObject(data) || typeof data['sensor'] !== 'string') return false;
  const { records } = data;
  return Array.isArray(records) && records.length > 0 && records.every(isRecord);
}

function isRecord(value: unknown): value is RuntimeRecord {
  if (!isObject(value)) return false;
  const { id, source, sensor, cluster, node, at, event } = value;
  return (
    typeof id === 'string' &&
    id !== '' &&
    sources.has(source) &&
    typeof sensor === 'string' &&
    isTextOrNull(cluster) &&
    isTextOrNull(node) &&
    typeof at === 'string' &&
    isObject(event)
  );
}

function isTextOrNull(value: unknown): boolean {
  return value === null || typeof value === 'string';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The last message that was read again: who asks for one of its records may soon ask for others. */
let last: { message: Uint8Array; records: RuntimeRecord[] } | undefined;

/** The event of one record of a message that has been read before. */
export function rereadEvent(message: Uint8Array, index: number): JsonObject {
  if (last?.message !== message) last = { message, records: observedRecords(message) };
  return last.records[index]!.event;
}
