import { Injectable } from '@nestjs/common';

import { type Page } from '../core/page.js';
import { json } from '../core/storable.js';
import { Store } from '../core/store.js';
import type { ListedRule } from './detection-rows.js';

/**
 * Rules of the detector, for display: those of the replica that loaded them last, since all read
 * the same folders.
 */
@Injectable()
export class DetectionRules {
  constructor(private readonly store: Store) {}

  /** Replaces all rules. */
  async replace(rules: readonly ListedRule[]): Promise<void> {
    await this.store.transaction(async (tx) => {
      // Serializes replicas that start together.
      await tx.query('LOCK TABLE detection_rule IN EXCLUSIVE MODE');
      await tx.query('DELETE FROM detection_rule');
      await tx.query(
        'INSERT INTO detection_rule (number, rule) SELECT number, rule FROM unnest($1::jsonb[]) WITH ORDINALITY AS listed (rule, number)',
        [rules.map(json)],
      );
    });
  }

  /** Rules by file and line. The cursor is the number of the last one. */
  async list(
    { limit, after }: { limit: number; after?: string | undefined },
    { state }: { state?: ListedRule['state'] | undefined } = {},
  ): Promise<Page<ListedRule>> {
    const rows = await this.store.aggregate<{ number: number; rule: ListedRule }>(
      `SELECT number, rule FROM detection_rule WHERE number > $2 AND ($3::text IS NULL OR rule ->> 'state' = $3)
       ORDER BY number LIMIT $1`,
      [limit + 1, Number(after ?? 0), state ?? null],
    );
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    return { items: shown.map(({ rule }) => rule), next: rows.length > limit && last ? String(last.number) : null };
  }
}
