import { hash } from 'node:crypto';

import type { Steps } from '@tidewaiter/collections';
import type { RuntimeRecord } from '@tidewaiter/domain';
import { type EventOf, partitionOf, runtimeObserved } from '@tidewaiter/events';

/** A message holds 256 KiB of records at most; the rest is for the envelope around them. */
const maxRecordBytes = 252 * 1024;

/** Records of one partition for the stream. */
export interface RuntimeMessage {
  partition: number;
  /** Equal for equal records: the stream stores them once, however often a sensor sends them. */
  messageId: string;
  event: EventOf<typeof runtimeObserved>;
  records: readonly RuntimeRecord[];
}

/**
 * Batches the records of one sensor: each message has one partition, in the order of arrival.
 * Pauses after each message.
 */
export function* messagesOf(
  records: readonly RuntimeRecord[],
  context: { time: string; traceparent: string | undefined },
): Steps<RuntimeMessage[]> {
  const messages: RuntimeMessage[] = [];
  for (const [partition, all] of Map.groupBy(records, partitionOf)) {
    for (const batch of batches(all)) {
      messages.push(messageOf(partition, batch, context));
      yield;
    }
  }
  return messages;
}

function messageOf(
  partition: number,
  records: RuntimeRecord[],
  { time, traceparent }: { time: string; traceparent: string | undefined },
): RuntimeMessage {
  const sensor = records[0]?.sensor ?? '';
  const messageId = hash('sha256', JSON.stringify([sensor, ...records.map(({ id }) => id)]), 'hex');
  const event = {
    specversion: '1.0' as const,
    id: uuidOf(messageId),
    source: '/tidewaiter/ingest',
    type: runtimeObserved.type,
    subject: sensor,
    time,
    datacontenttype: 'application/json' as const,
    data: { sensor, records },
    ...(traceparent === undefined ? {} : { traceparent }),
  };
  return { partition, messageId, event, records };
}

/**
 * A UUID of version 8, whose content is free.
 * @see https://www.rfc-editor.org/rfc/rfc9562#section-5.8
 */
function uuidOf(hex: string): string {
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}

/** A single record is always below the limit, which its parser enforces. */
function* batches(records: readonly RuntimeRecord[]): Generator<RuntimeRecord[]> {
  let batch: RuntimeRecord[] = [];
  let bytes = 0;
  for (const record of records) {
    const recordBytes = Buffer.byteLength(JSON.stringify(record)) + 1;
    if (bytes + recordBytes > maxRecordBytes && batch.length > 0) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(record);
    bytes += recordBytes;
  }
  if (batch.length > 0) yield batch;
}
