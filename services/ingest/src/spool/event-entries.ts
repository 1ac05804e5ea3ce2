import type { RuntimeMessage } from '../runtime/runtime-messages.js';

/** A message for the stream of runtime events as the spool keeps it. */
export interface SpooledMessage {
  partition: number;
  messageId: string;
  traceparent: string | undefined;
  /** Number of its records. */
  records: number;
  /** The event as the stream gets it. */
  json: Uint8Array;
}

type Head = Omit<SpooledMessage, 'json'>;

/**
 * The entry of a message: a line about it, then its event, so that reading parses only the line.
 */
export function eventEntry({ partition, messageId, event, records }: RuntimeMessage): Buffer {
  const head: Head = { partition, messageId, traceparent: event.traceparent, records: records.length };
  return Buffer.from(`${JSON.stringify(head)}\n${JSON.stringify(event)}`);
}

export function readEventEntry(content: Buffer): SpooledMessage {
  const end = content.indexOf('\n');
  const head = JSON.parse(content.toString('utf8', 0, end)) as Head;
  return { ...head, json: content.subarray(end + 1) };
}
