import { Injectable } from '@nestjs/common';

import { Gathered } from './gathered.js';
import { Store, type Transaction } from './store.js';

/** For how long something waits, and whether only because nobody was to be told: then it waits no longer than that is so. */
export interface GroupWait {
  forMs: number;
  isQuiet: boolean;
}

/** When messages that wait together are told: one row each, so that one process alone tells them. */
@Injectable()
export class AlertGroups {
  readonly #entered = new Gathered(enterAll);
  readonly #waits = new Gathered(waitAll);
  readonly #told = new Gathered(toldAll);

  constructor(private readonly store: Store) {}

  /** Holds the group against everybody else until the transaction ends; answers for how many milliseconds nothing was told of it, null for ever. */
  async enter(tx: Transaction, key: string): Promise<number | null> {
    return this.#entered.add(tx, key);
  }

  /** Notes that something waits; an earlier time that is set already stays. */
  async wait(tx: Transaction, key: string, wait: GroupWait): Promise<void> {
    await this.#waits.add(tx, { key, ...wait });
  }

  async told(tx: Transaction, key: string): Promise<void> {
    await this.#told.add(tx, key);
  }

  /** Groups that are due, those that are longest first. */
  async due(limit: number): Promise<string[]> {
    const groups = await this.store.query<{ key: string }>(
      'SELECT key FROM alert_group WHERE due_at <= now() ORDER BY due_at LIMIT $1',
      [limit],
    );
    return groups.map(({ key }) => key);
  }

  /** Takes those of some groups that are due and that nobody else has taken. */
  async takeDue(tx: Transaction, keys: readonly string[]): Promise<string[]> {
    const groups = await tx.query<{ key: string }>(
      `UPDATE alert_group SET due_at = NULL WHERE key = ANY(ARRAY(
         SELECT key FROM alert_group WHERE due_at <= now() AND key = ANY($1) ORDER BY due_at FOR UPDATE SKIP LOCKED)) RETURNING key`,
      [keys],
    );
    return groups.map(({ key }) => key);
  }

  /** Forgets groups of which nothing waits, nothing is told again and nothing was told for a week. */
  async forget(tx: Transaction): Promise<void> {
    await tx.query(
      `DELETE FROM alert_group WHERE due_at IS NULL AND remind_at IS NULL AND coalesce(told_at, '-infinity') < now() - interval '7 days'`,
    );
  }
}

async function enterAll(tx: Transaction, keys: readonly string[]): Promise<(number | null)[]> {
  const groups = await tx.query<{ key: string; quietMs: number | null }>(
    // The update changes nothing: it locks the row, and answers it. In one order, or two who enter the same would wait for each other.
    `INSERT INTO alert_group (key) SELECT DISTINCT key FROM unnest($1::text[]) AS key ORDER BY key
     ON CONFLICT (key) DO UPDATE SET key = EXCLUDED.key
     RETURNING key, extract(epoch FROM now() - told_at)::float * 1000 AS "quietMs"`,
    [keys],
  );
  const quietMs = new Map(groups.map((group) => [group.key, group.quietMs]));
  return keys.map((key) => quietMs.get(key) ?? null);
}

async function waitAll(tx: Transaction, waits: readonly (GroupWait & { key: string })[]): Promise<void[]> {
  await tx.query(
    `UPDATE alert_group SET due_at = least(due_at, at), is_quiet = CASE WHEN due_at < at THEN alert_group.is_quiet ELSE waits.is_quiet END
     FROM (
       SELECT DISTINCT ON (key) key, now() + ms * interval '1 millisecond' AS at, is_quiet
       FROM unnest($1::text[], $2::float8[], $3::boolean[]) AS given (key, ms, is_quiet) ORDER BY key, ms) AS waits
     WHERE alert_group.key = waits.key`,
    [waits.map(({ key }) => key), waits.map(({ forMs }) => forMs), waits.map(({ isQuiet }) => isQuiet)],
  );
  return waits.map(() => undefined);
}

async function toldAll(tx: Transaction, keys: readonly string[]): Promise<void[]> {
  await tx.query('UPDATE alert_group SET told_at = now() WHERE key = ANY($1)', [keys]);
  return keys.map(() => undefined);
}
