import { InvalidInput, type RuntimeRecord } from '@tidewaiter/domain';
import { type EventOf, readEvent, runtimeObserved } from '@tidewaiter/events';

/** The records of a message of the runtime stream. @throws InvalidInput when it is none */
export function readObserved(data: Uint8Array): RuntimeRecord[] {
  const event = readEvent(data);
  if (event.type !== runtimeObserved.type)
    throw new InvalidInput('EVENT_MALFORMED', `${event.type} does not belong here`);
  return (event as EventOf<typeof runtimeObserved>).data.records;
}
