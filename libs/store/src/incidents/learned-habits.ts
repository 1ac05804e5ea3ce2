import { Injectable } from '@nestjs/common';
import type { LearnedHabit } from '@tidewaiter/facts';

import { Store, type Transaction } from '../core/store.js';

/** Stored habits of images, identities and clusters that the detector has learned. */
@Injectable()
export class LearnedHabits {
  constructor(private readonly store: Store) {}

  /** Adds habits; idempotent. */
  async put(tx: Transaction, habits: readonly LearnedHabit[]): Promise<void> {
    if (habits.length === 0) return;
    await tx.query(
      `INSERT INTO learned_habit AS known (kind, subject, value, first_seen, last_seen)
       SELECT kind, subject, value, min(first_seen), max(last_seen)
       FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[]) AS row (kind, subject, value, first_seen, last_seen)
       GROUP BY kind, subject, value ORDER BY kind, subject, value
       ON CONFLICT (kind, subject, value) DO UPDATE SET
         first_seen = least(known.first_seen, EXCLUDED.first_seen), last_seen = greatest(known.last_seen, EXCLUDED.last_seen)`,
      [
        habits.map(({ kind }) => kind),
        habits.map(({ subject }) => subject),
        habits.map(({ value }) => value),
        habits.map(({ firstSeenMs }) => new Date(firstSeenMs)),
        habits.map(({ lastSeenMs }) => new Date(lastSeenMs)),
      ],
    );
  }

  /** The habits that were last seen since a time, newest first. */
  async since(since: Date, limit = 1_000_000): Promise<LearnedHabit[]> {
    return this.store.aggregate<LearnedHabit>(
      `SELECT kind, subject, value, extract(epoch FROM first_seen)::float * 1000 AS "firstSeenMs",
         extract(epoch FROM last_seen)::float * 1000 AS "lastSeenMs"
       FROM learned_habit WHERE last_seen >= $1 ORDER BY last_seen DESC LIMIT $2`,
      [since, limit],
    );
  }
}
