import { consumersOf } from '@tidewaiter/events';
import { Every, type Logger, failpoint, type RetentionDays } from '@tidewaiter/runtime';
import { getMetadataArgsStorage } from 'typeorm';

import { defaultRetention, expiredBy, expiringAt, type RetentionRule } from './retention.js';
import type { Store, Transaction } from './store.js';
import { mayWrite } from './table-access.js';

const intervalMs = 5_000;
/** Pause before the next look for expired rows, after one that found few. */
const restMs = 30_000;
const hourMs = 3_600_000;
const batchSize = 1_000;
/** Time that one run takes at most to delete batches, so that deletions keep up with arrivals. */
const catchUpMs = 4_000;

interface Unconfirmed {
  id: string;
  type: string;
  confirmedBy: string[];
}

/**
 * Compares published events with the inboxes of their consumers, and republishes missing ones, so
 * that the loss of all data of NATS is survivable. Deletes what has expired from the tables that
 * its service writes.
 */
export class OutboxSweeper {
  #restsUntil = 0;

  constructor(
    private readonly store: Store,
    private readonly logger: Logger,
    private readonly retention: RetentionDays,
  ) {}

  @Every(intervalMs)
  async sweep(signal: AbortSignal): Promise<void> {
    const redriven = await this.store.transaction(sweepOutbox);
    failpoint('sweeper.events-redriven');
    if (redriven > 0) this.logger.warn({ events: redriven }, 'events published again');
    const begin = performance.now();
    if (begin < this.#restsUntil) return;
    while (await this.#deleteBatch('often')) {
      if (signal.aborted || performance.now() > begin + catchUpMs) return;
    }
    this.#restsUntil = begin + restMs;
  }

  @Every(hourMs)
  async deleteExpired(signal: AbortSignal): Promise<void> {
    while ((await this.#deleteBatch('hourly')) && !signal.aborted);
  }

  async #deleteBatch(pace: RetentionRule['pace']): Promise<boolean> {
    return this.store.transaction((tx) => deleteExpired(tx, pace, this.store.service, this.retention));
  }
}

/**
 * Confirms events that every consumer has handled, and redrives the rest; returns how many were
 * redriven.
 */
export async function sweepOutbox(tx: Transaction): Promise<number> {
  const rows = await tx.aggregate<Unconfirmed>(
    `SELECT id, type, (
       SELECT coalesce(array_agg(consumer), '{}') FROM (
         SELECT consumer FROM inbox WHERE event_id = outbox.id
         UNION SELECT worker FROM dead_letter WHERE event_id = outbox.id AND stage = 'event' AND redriven_at IS NULL
       ) AS handled (consumer)) AS "confirmedBy"
     FROM outbox
     WHERE published_at IS NOT NULL AND confirmed_at IS NULL AND next_sweep_at <= now()
     ORDER BY next_sweep_at LIMIT $1 FOR UPDATE SKIP LOCKED`,
    [batchSize],
  );
  const isConfirmed = ({ type, confirmedBy }: Unconfirmed) =>
    consumersOf(type).every(({ name }) => confirmedBy.includes(name));
  const confirmed = rows.filter(isConfirmed);
  const missing = rows.filter((row) => !isConfirmed(row));
  const update = async (assignment: string, of: readonly Unconfirmed[]) =>
    of.length > 0 && tx.query(`UPDATE outbox SET ${assignment} WHERE id = ANY($1)`, [of.map(({ id }) => id)]);
  await update('confirmed_at = now()', confirmed);
  await update('published_at = NULL', missing);
  return missing.length;
}

/**
 * Deletes a batch of expired rows of every table of a pace that a service writes; returns whether
 * there may be more.
 */
export async function deleteExpired(
  tx: Transaction,
  pace: RetentionRule['pace'],
  service: string,
  settings: RetentionDays = defaultRetention,
): Promise<boolean> {
  let isMore = false;
  for (const { entity, rule } of expiringAt(pace)) {
    const { name } = getMetadataArgsStorage().tables.find(({ target }) => target === entity) as { name: string };
    const expired = expiredBy(rule, settings);
    if (expired === null || !mayWrite(service, name)) continue;
    const deleted = await tx.aggregate<{ count: number }>(
      // Rows of other processes that delete are left to them.
      `WITH deleted AS (
         DELETE FROM ${name} WHERE ctid = ANY(ARRAY(
           SELECT ctid FROM ${name} WHERE ${expired} LIMIT ${batchSize} FOR UPDATE SKIP LOCKED)) RETURNING 1)
       SELECT count(*)::int AS count FROM deleted`,
    );
    isMore ||= deleted[0]!.count === batchSize;
  }
  return isMore;
}
