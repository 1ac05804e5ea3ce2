import { completed } from '@tidewaiter/collections';
import type { RuntimeRecord } from '@tidewaiter/domain';
import { partitionOf, readEvent } from '@tidewaiter/events';

import { messagesOf } from './runtime-messages.js';

const context = { time: '2026-01-02T03:04:06.000Z', traceparent: undefined };

const record = (id: string, node: string | null, event: object = {}): RuntimeRecord => ({
  id,
  source: 'tetragon',
  sensor: 'nodes',
  cluster: 'eu1',
  node,
  at: '2026-01-02T03:04:05.123456789Z',
  event: event as RuntimeRecord['event'],
});

describe('messagesOf', () => {
  it('groups records by partition, in order', () => {
    const records = Array.from({ length: 60 }, (_, index) => record(`e${index}`, `node-${index % 7}`));
    const messages = completed(messagesOf(records, context));
    for (const { partition, event, records: some } of messages) {
      expect(new Set(some.map(partitionOf))).toEqual(new Set([partition]));
      expect(event).toMatchObject({
        subject: 'nodes',
        source: '/tidewaiter/ingest',
        data: { sensor: 'nodes', records: some },
      });
      expect(some.map(({ id }) => Number(id.slice(1)))).toEqual(
        some.map(({ id }) => Number(id.slice(1))).toSorted((a, b) => a - b),
      );
    }
    expect(messages.flatMap((message) => message.records)).toHaveLength(60);
  });

  it('makes the same message of the same records, with a valid event', () => {
    const [first] = completed(messagesOf([record('a', 'n'), record('b', 'n')], context));
    const [again] = completed(
      messagesOf([record('a', 'n'), record('b', 'n')], { ...context, traceparent: '00-1-2-03' }),
    );
    const [other] = completed(messagesOf([record('b', 'n'), record('a', 'n')], context));
    expect(again?.messageId).toBe(first?.messageId);
    expect(other?.messageId).not.toBe(first?.messageId);
    expect(again?.event.traceparent).toBe('00-1-2-03');
    expect(readEvent(Buffer.from(JSON.stringify(first?.event)))).toEqual(first?.event);
  });

  it('splits records above 256 KiB and loses none', () => {
    // Six bytes each in JSON, so counting characters would be far off.
    const records = Array.from({ length: 40 }, (_, index) =>
      record(`e${index}`, 'n', { output: '\u0001'.repeat(8_192) }),
    );
    const messages = completed(messagesOf(records, context));
    const sizes = messages.map(({ event }) => Buffer.byteLength(JSON.stringify(event)));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(256 * 1024);
    expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThan(190 * 1024);
    expect(messages.flatMap((message) => message.records.map(({ id }) => id))).toEqual(records.map(({ id }) => id));
  });

  it('makes no message without records', () => {
    expect(completed(messagesOf([], context))).toEqual([]);
  });
});
