import { Injectable } from '@nestjs/common';
import { consumersOf } from '@tidewaiter/events';

import { columnsOf } from './columns.js';
import { InboxRow, OutboxRow } from './event-rows.js';
import { unnestOf } from './row-sets.js';
import type { Transaction, TypedEvent } from './store.js';

const eventIds = columnsOf(OutboxRow, { only: ['id'] });
const putBack = unnestOf(OutboxRow, ['id', 'type', 'channel', 'subject', 'source', 'time', 'data', 'traceparent']);
const skipped = unnestOf(InboxRow, ['consumer', 'eventId']);

/** Return of a restored copy of the database to what the streams know. */
@Injectable()
export class RestoredEvents {
  /** Events that the database does not have, of some that were published. */
  async missing(tx: Transaction, streamed: readonly TypedEvent[]): Promise<TypedEvent[]> {
    const ids = streamed.map(({ event: { id } }) => id);
    const known = new Set((await tx.rows(eventIds, 'FROM outbox WHERE id = ANY($1)', [ids])).map(({ id }) => id));
    // A redrive is another message with the same event.
    const each = new Map(streamed.map((one) => [one.event.id, one]));
    return [...each.values()].filter(({ event }) => !known.has(event.id));
  }

  /** Adds events to the outbox again, under the ids that they had. */
  async putBack(tx: Transaction, streamed: readonly TypedEvent[]): Promise<void> {
    if (streamed.length === 0) return;
    // A redelivery since the restore was handled without the rows of the event. Keys are taken
    // first: handling in progress ends before, and a later one waits for this transaction.
    await tx.query(
      `INSERT INTO inbox (${skipped.columns}) SELECT ${skipped.values} FROM ${skipped.table} ORDER BY "eventId"
       ON CONFLICT (consumer, event_id) DO UPDATE SET handled_at = now()`,
      skipped.parameters(skipsOf(streamed)),
    );
    await tx.query('DELETE FROM inbox WHERE event_id = ANY($1)', [streamed.map(({ event: { id } }) => id)]);
    await tx.query(
      `INSERT INTO outbox (${putBack.columns}) SELECT ${putBack.values} FROM ${putBack.table} ON CONFLICT DO NOTHING`,
      putBack.parameters(
        streamed.map(({ event: { id, subject, source, time, data, traceparent = null }, type }) => ({
          ...{ id, subject, source, data, traceparent },
          ...{ type: type.type, channel: type.channel, time: new Date(time) },
        })),
      ),
    );
  }

  /**
   * Lets consumers skip events whose effects are lost: the work that led to them is repeated and
   * publishes its own, and each would be handled under two ids.
   */
  async leaveOut(tx: Transaction, streamed: readonly TypedEvent[]): Promise<void> {
    const skips = skipsOf(streamed);
    if (skips.length === 0) return;
    await tx.query(
      `INSERT INTO inbox (${skipped.columns}) SELECT ${skipped.values} FROM ${skipped.table} ORDER BY "eventId" ON CONFLICT DO NOTHING`,
      skipped.parameters(skips),
    );
  }

  /**
   * Publishes every event again that is not confirmed in the copy. Its consumers may have handled
   * and acknowledged its message since, and JetStream would drop a second one under its id.
   */
  async publishAgain(tx: Transaction): Promise<void> {
    await tx.query(
      `UPDATE outbox SET published_at = NULL, publishes = greatest(publishes, 1), next_sweep_at = clock_timestamp()
       WHERE confirmed_at IS NULL`,
    );
  }

  /**
   * Lets every partition of the detector start again from its snapshot. Snapshots that were taken
   * since the restore are dropped: they cover records whose alerts are not stored.
   */
  async restartDetectors(tx: Transaction, copyOf: Date): Promise<void> {
    await tx.query('UPDATE detector_lease SET holder = NULL, token = token + 1000000, attempting = NULL');
    await tx.query(`DELETE FROM detector_snapshot WHERE name LIKE 'partition/%' AND taken_at > $1`, [copyOf]);
  }
}

/** The keys under which the consumers of events record them as handled. */
function skipsOf(streamed: readonly TypedEvent[]): { consumer: string; eventId: string }[] {
  return streamed.flatMap(({ event: { id }, type: { type } }) =>
    consumersOf(type).map(({ name }) => ({ consumer: name, eventId: id })),
  );
}
