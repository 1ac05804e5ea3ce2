import { InvalidInput, type JsonObject, type RuntimeRecord, runtimeSources } from '@tidewaiter/domain';

import { runtimeObserved } from './catalogue.js';
import { checkedData, readEnvelope } from './envelope.js';
import type { DataOf } from './event-type.js';

type Observed = DataOf<typeof runtimeObserved>;

/** A message of the runtime stream, whose bytes are all that it keeps. */
export class ObservedMessage {
  constructor(private readonly bytes: Uint8Array) {}

  /** @throws InvalidInput when it is none */
  records(): RuntimeRecord[] {
    return readRecords(this.bytes);
  }

  /** The event of a record, read again. */
  eventAt(index: number): JsonObject {
    if (last?.message !== this) last = { message: this, records: this.records() };
    return last.records[index]!.event;
  }
}

/** The last one that was read again: who asks for one of its records may soon ask for others. */
let last: { message: ObservedMessage; records: RuntimeRecord[] } | undefined;

function readRecords(bytes: Uint8Array): RuntimeRecord[] {
  const event = readEnvelope(bytes);
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
