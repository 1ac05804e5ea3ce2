import { InvalidInput, type JsonObject, type RuntimeRecord } from '@tidewaiter/domain';

import { runtimeObserved } from './catalogue.js';
import { readEvent } from './envelope.js';
import type { EventOf } from './event-type.js';

/** The records of a message of the runtime stream. @throws InvalidInput when it is none */
export function observedRecords(message: Uint8Array): RuntimeRecord[] {
  const event = readEvent(message);
  if (event.type !== runtimeObserved.type)
    throw new InvalidInput('EVENT_MALFORMED', `${event.type} does not belong here`);
  return (event as EventOf<typeof runtimeObserved>).data.records;
}

/** The last message that was read again: who asks for one of its records may soon ask for others. */
let last: { message: Uint8Array; records: RuntimeRecord[] } | undefined;

/** The event of one record of a message that has been read before. */
export function rereadEvent(message: Uint8Array, index: number): JsonObject {
  if (last?.message !== message) last = { message, records: observedRecords(message) };
  return last.records[index]!.event;
}
