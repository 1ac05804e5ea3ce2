import type { AgentSource } from '@tidewaiter/agent-protocol';

/** Events of one source, as the outbox stores them. */
export interface OutboxEntry {
  source: AgentSource;
  /** Unix time in milliseconds at which the first of them was received. */
  atMs: number;
  events: number;
  /** Length of the events before they were packed. */
  bytes: number;
  /** Events as NDJSON, packed by gzip. */
  packed: Buffer;
}

type Head = Omit<OutboxEntry, 'packed'>;

/** A line about the events, then the events. */
export function encodeEntry({ packed, ...head }: OutboxEntry): Buffer {
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), packed]);
}

export function decodeEntry(content: Buffer): OutboxEntry {
  const end = content.indexOf('\n');
  const head = JSON.parse(content.toString('utf8', 0, end)) as Head;
  return { ...head, packed: content.subarray(end + 1) };
}

/** Limits on one request; the hub takes 8 MiB, 64 MiB unpacked, and 100,000 events. */
export interface RequestLimits {
  packedBytes: number;
  bytes: number;
  events: number;
}

export const requestLimits: RequestLimits = { packedBytes: 2 ** 21, bytes: 2 ** 23, events: 20_000 };

/**
 * Number of entries that go into the next request: one source, within the limits, and at least one.
 * Files of gzip can be joined as they are.
 */
export function countForRequest(entries: readonly OutboxEntry[], limits: RequestLimits): number {
  const sum = { packedBytes: 0, bytes: 0, events: 0 };
  let count = 0;
  for (const { source, packed, bytes, events } of entries) {
    sum.packedBytes += packed.length;
    sum.bytes += bytes;
    sum.events += events;
    const fits = sum.packedBytes <= limits.packedBytes && sum.bytes <= limits.bytes && sum.events <= limits.events;
    if (count > 0 && (source !== entries[0]!.source || !fits)) break;
    count += 1;
  }
  return count;
}
