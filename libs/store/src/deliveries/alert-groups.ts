import { Injectable } from '@nestjs/common';

import { Store, type Transaction } from '../core/store.js';
import { TransactionBatcher } from '../core/transaction-batcher.js';

/** Time until the flush of a group. A quiet wait exists because of a mute, and ends with it. */
export interface GroupWait {
  forMs: number;
  isQuiet: boolean;
}

/** Flush times of alert groups: one row each, which one process locks to flush the group. */
@Injectable()
export class AlertGroups {
  readonly #entered = new TransactionBatcher(enterAll);
  readonly #waits = new TransactionBatcher(waitAll);
  readonly #notified = new TransactionBatcher(markNotified);
  readonly #listeners: (() => void)[] = [];

  constructor(private readonly store: Store) {}

  /**
   * Locks the group until the transaction ends; returns the milliseconds since its last message,
   * null if there was none.
   */
  async enter(tx: Transaction, key: string): Promise<number | null> {
    return this.#entered.add(tx, key);
  }

  /** Schedules a flush; an earlier one that is already scheduled stays. */
  async wait(tx: Transaction, key: string, wait: GroupWait): Promise<void> {
    await this.#waits.add(tx, { key, ...wait });
    for (const listener of this.#listeners) listener();
  }

  async notified(tx: Transaction, key: string): Promise<void> {
    await this.#notified.add(tx, key);
  }

  /**
   * Groups that are due, longest overdue first; without any, the time until the next one is, null
   * if none waits.
   */
  async due(limit: number): Promise<{ keys: string[]; nextInMs: number | null }> {
    const groups = await this.store.aggregate<{ key: string; inMs: number }>(
      `SELECT key, extract(epoch FROM due_at - now())::float * 1000 AS "inMs" FROM alert_group
       WHERE due_at IS NOT NULL ORDER BY due_at LIMIT $1`,
      [limit],
    );
    return {
      keys: groups.filter(({ inMs }) => inMs <= 0).map(({ key }) => key),
      nextInMs: groups[0]?.inMs ?? null,
    };
  }

  /** Calls `listener` when a transaction of this process schedules a flush, before its commit. */
  onWait(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Claims those of some groups that are due and not locked by another transaction. */
  async takeDue(tx: Transaction, keys: readonly string[]): Promise<string[]> {
    const groups = await tx.aggregate<{ key: string }>(
      `UPDATE alert_group SET due_at = NULL WHERE key = ANY(ARRAY(
         SELECT key FROM alert_group WHERE due_at <= now() AND key = ANY($1) ORDER BY due_at FOR UPDATE SKIP LOCKED)) RETURNING key`,
      [keys],
    );
    return groups.map(({ key }) => key);
  }
}

async function enterAll(tx: Transaction, keys: readonly string[]): Promise<(number | null)[]> {
  const groups = await tx.aggregate<{ key: string; quietMs: number | null }>(
    // The no-op update locks and returns the row. In key order, or two transactions with the same
    // groups could deadlock.
    `INSERT INTO alert_group (key) SELECT DISTINCT key FROM unnest($1::text[]) AS key ORDER BY key
     ON CONFLICT (key) DO UPDATE SET key = EXCLUDED.key
     RETURNING key, extract(epoch FROM now() - notified_at)::float * 1000 AS "quietMs"`,
    [keys],
  );
  const quietMs = new Map(groups.map((group) => [group.key, group.quietMs]));
  return keys.map((key) => quietMs.get(key) ?? null);
}

async function waitAll(tx: Transaction, waits: readonly (GroupWait & { key: string })[]): Promise<void[]> {
  await tx.query(
    `UPDATE alert_group SET due_at = least(due_at, at), is_muted = CASE WHEN due_at < at THEN alert_group.is_muted ELSE waits.is_muted END
     FROM (
       SELECT DISTINCT ON (key) key, now() + ms * interval '1 millisecond' AS at, is_muted
       FROM unnest($1::text[], $2::float8[], $3::boolean[]) AS given (key, ms, is_muted) ORDER BY key, ms) AS waits
     WHERE alert_group.key = waits.key`,
    [waits.map(({ key }) => key), waits.map(({ forMs }) => forMs), waits.map(({ isQuiet }) => isQuiet)],
  );
  return waits.map(() => undefined);
}

async function markNotified(tx: Transaction, keys: readonly string[]): Promise<void[]> {
  await tx.query('UPDATE alert_group SET notified_at = now() WHERE key = ANY($1)', [keys]);
  return keys.map(() => undefined);
}
