import { Injectable } from '@nestjs/common';
import type { AccessRole, AccessScope } from '@tidewaiter/domain';

import { columnsOf, type RowOf } from '../core/columns.js';
import type { NamedRow } from '../core/lists.js';
import { Store, type Transaction } from '../core/store.js';
import { SavedViewRow } from './saved-view-row.js';
import { userRole, userScopes } from './users.js';

const columns = columnsOf(SavedViewRow, {
  of: 'view',
  only: ['id', 'name', 'list', 'q', 'receiver', 'ownerKind', 'owner'],
})
  .notNull('receiver')
  .computed<{ isFirst: boolean; role: AccessRole | null; scopes: AccessScope[] | null }>({
    isFirst: 'began_at IS NULL',
    role: `CASE owner_kind WHEN 'user' THEN ${userRole} ELSE account.role END`,
    scopes: `CASE owner_kind WHEN 'user' THEN ${userScopes} ELSE account.scopes END`,
  });

/** A saved view that is due for a look. Its owner has no role if it may not sign in any more. */
export type DueView = RowOf<typeof columns>;

/** Days for which a row that left a view is not new when it comes back. */
const rememberedDays = 7;

/**
 * Saved views that notify a receiver. The keys of their rows are kept, so that each row is new
 * once, whatever ends in between.
 */
@Injectable()
export class ViewWatches {
  constructor(private readonly store: Store) {}

  /** Begins with views that got a receiver or another query; ends with those that lost theirs. */
  async follow(): Promise<void> {
    const watched = `list || ' ' || q`;
    await this.store.query(
      `DELETE FROM view_watch USING saved_view AS view
       WHERE view.id = view_id AND (view.receiver IS NULL OR view_watch.query <> ${watched})`,
    );
    await this.store.query(
      `INSERT INTO view_watch (view_id, query) SELECT id, ${watched} FROM saved_view WHERE receiver IS NOT NULL ON CONFLICT DO NOTHING`,
    );
  }

  /** Locks a view that is due, and that no other process looks at; null if there is none. */
  async claim(tx: Transaction): Promise<DueView | null> {
    const [due] = await tx.rows(
      columns,
      `FROM view_watch JOIN saved_view AS view ON view.id = view_id
       LEFT JOIN console_user AS person ON owner_kind = 'user' AND person.name = owner AND person.disabled_at IS NULL
       LEFT JOIN service_account AS account ON owner_kind <> 'user' AND account.name = owner
       WHERE view.receiver IS NOT NULL AND due_at <= now() ORDER BY due_at LIMIT 1 FOR UPDATE OF view_watch SKIP LOCKED`,
    );
    return due ?? null;
  }

  /** Keeps the rows that a view has now; returns those that it has not had in the last days. */
  async keep<Row extends Pick<NamedRow, 'key'>>(tx: Transaction, id: string, rows: readonly Row[]): Promise<Row[]> {
    const keys = rows.map(({ key }) => key);
    await tx.query(
      `UPDATE view_row SET gone_at = now() WHERE view_id = $1 AND gone_at IS NULL
         AND NOT EXISTS (SELECT FROM unnest($2::text[]) AS found (key) WHERE found.key = view_row.key)`,
      [id, keys],
    );
    await tx.query(`DELETE FROM view_row WHERE view_id = $1 AND gone_at < now() - interval '${rememberedDays} days'`, [
      id,
    ]);
    await tx.query('UPDATE view_row SET gone_at = NULL WHERE view_id = $1 AND gone_at IS NOT NULL AND key = ANY($2)', [
      id,
      keys,
    ]);
    const added = await tx.aggregate<{ key: string }>(
      'INSERT INTO view_row (view_id, key) SELECT $1, key FROM unnest($2::text[]) AS key ON CONFLICT DO NOTHING RETURNING key',
      [id, keys],
    );
    const isNew = new Set(added.map(({ key }) => key));
    return rows.filter(({ key }) => isNew.has(key));
  }

  /** Ends a look; one with a problem has read no rows. */
  async looked(
    tx: Transaction,
    id: string,
    { problem, pauseMs }: { problem: string | null; pauseMs: number },
  ): Promise<void> {
    await tx.query(
      `UPDATE view_watch SET due_at = clock_timestamp() + $2 * interval '1 millisecond', problem = $3,
         began_at = CASE WHEN $3::text IS NULL THEN coalesce(began_at, now()) ELSE began_at END WHERE view_id = $1`,
      [id, pauseMs, problem],
    );
  }
}
