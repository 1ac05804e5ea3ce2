import { Injectable } from '@nestjs/common';

import { Store, type Transaction } from './store.js';

/** When messages that wait together are told: one row each, so that one process alone tells them. */
@Injectable()
export class AlertGroups {
  constructor(private readonly store: Store) {}

  /** Whether there is a group that is due. */
  async areDue(): Promise<boolean> {
    return (await this.store.query('SELECT FROM alert_group WHERE due_at <= now() LIMIT 1')).length > 0;
  }

  /** Holds the group against everybody else until the transaction ends; answers for how many milliseconds nothing was told of it, null for ever. */
  async enter(tx: Transaction, key: string): Promise<number | null> {
    const [group] = await tx.query<{ quietMs: number | null }>(
      // The update changes nothing: it locks the row, and answers it.
      `INSERT INTO alert_group (key) VALUES ($1) ON CONFLICT (key) DO UPDATE SET key = EXCLUDED.key
       RETURNING extract(epoch FROM now() - told_at)::float * 1000 AS "quietMs"`,
      [key],
    );
    return group?.quietMs ?? null;
  }

  /** Notes that something waits; an earlier time that is set already stays. */
  async wait(tx: Transaction, key: string, forMs: number): Promise<void> {
    await tx.query(
      `UPDATE alert_group SET due_at = least(due_at, now() + $2 * interval '1 millisecond') WHERE key = $1`,
      [key, forMs],
    );
  }

  async told(tx: Transaction, key: string): Promise<void> {
    await tx.query('UPDATE alert_group SET told_at = now() WHERE key = $1', [key]);
  }

  /** Takes a group that is due, which nobody else has taken; null when there is none. */
  async nextDue(tx: Transaction): Promise<string | null> {
    const [group] = await tx.query<{ key: string }>(
      `UPDATE alert_group SET due_at = NULL WHERE key = (
         SELECT key FROM alert_group WHERE due_at <= now() ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING key`,
    );
    return group?.key ?? null;
  }

  /** Forgets groups of which nothing waits, nothing is told again and nothing was told for a week. */
  async forget(tx: Transaction): Promise<void> {
    await tx.query(
      `DELETE FROM alert_group WHERE due_at IS NULL AND remind_at IS NULL AND coalesce(told_at, '-infinity') < now() - interval '7 days'`,
    );
  }
}
