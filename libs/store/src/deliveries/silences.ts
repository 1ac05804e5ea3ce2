import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';

import { columnsOf } from '../core/columns.js';
import { type Page, pageOf, type PageRequest } from '../core/page.js';
import { valuesOf } from '../core/row-sets.js';
import { Store, type Transaction } from '../core/store.js';
import { SilenceRow } from './alert-rows.js';

export interface NewSilence extends Omit<SilenceRow, 'id' | 'createdAt' | 'matchers'> {
  matchers: readonly string[];
}

export type StoredSilence = SilenceRow;

const columns = columnsOf(SilenceRow);
const added = valuesOf(SilenceRow, ['id', 'matchers', 'startsAt', 'endsAt', 'createdBy', 'comment']);

/** Stored silences. */
@Injectable()
export class SilenceLedger {
  constructor(private readonly store: Store) {}

  async add(tx: Transaction, silence: NewSilence): Promise<StoredSilence> {
    const [stored] = await tx.returning(
      columns,
      `INSERT INTO silence (${added.columns}) VALUES (${added.values})`,
      added.parameters({ ...silence, matchers: [...silence.matchers], id: uuidv7() }),
    );
    tx.record({ subject: stored!.id, before: null, after: stored! });
    return stored!;
  }

  async get(id: string): Promise<StoredSilence | null> {
    return this.store.entity(SilenceRow, (silences) => silences.findOneBy({ id }));
  }

  /** Silences that have not ended, newest first; with `all` also ended ones. */
  async list({ limit, after }: PageRequest, all = false): Promise<Page<StoredSilence>> {
    const rows = await this.store.rows(
      columns,
      `FROM silence WHERE ($2::uuid IS NULL OR id < $2) AND ($3 OR ends_at > now()) ORDER BY id DESC LIMIT $1`,
      [limit + 1, after ?? null, all],
    );
    return pageOf(rows, limit);
  }

  /** Version of the open silences, for caches: changes with each of them. */
  async version(): Promise<string> {
    const [row] = await this.store.aggregate<{ version: string }>(
      `SELECT concat_ws(' ', count(*), max(id::text), sum(extract(epoch FROM ends_at))) AS version FROM silence WHERE ends_at > now()`,
    );
    return row?.version ?? '';
  }

  /** All silences that have not ended. */
  async open(): Promise<StoredSilence[]> {
    return this.store.rows(columns, 'FROM silence WHERE ends_at > now()');
  }

  /** Ends a silence now; null if it does not exist or has ended. */
  async expire(tx: Transaction, id: string): Promise<StoredSilence | null> {
    const [before] = await tx.rows(columns, 'FROM silence WHERE id = $1 AND ends_at > now() FOR UPDATE', [id]);
    const [silence] = await tx.returning(
      columns,
      'UPDATE silence SET ends_at = now(), starts_at = least(starts_at, now()) WHERE id = $1 AND ends_at > now()',
      [id],
    );
    // Flushes groups that a mute held back, since the silence may have been the reason.
    if (silence && before) tx.record({ subject: id, before, after: silence });
    if (silence) await tx.query('UPDATE alert_group SET due_at = now() WHERE due_at > now() AND is_muted');
    return silence ?? null;
  }
}
