import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';

import { type Page, pageOf, type PageRequest } from '../core/page.js';
import { Store, type Transaction } from '../core/store.js';

export interface NewSilence {
  /** In Alertmanager's syntax, `severity="low"`; all must hold. */
  matchers: readonly string[];
  startsAt: Date;
  endsAt: Date;
  createdBy: string;
  comment: string;
}

export interface StoredSilence extends NewSilence {
  id: string;
  matchers: string[];
  createdAt: Date;
}

const columns = `id, matchers, starts_at AS "startsAt", ends_at AS "endsAt", created_by AS "createdBy", comment, created_at AS "createdAt"`;

/** Stored silences. */
@Injectable()
export class SilenceLedger {
  constructor(private readonly store: Store) {}

  async add(tx: Transaction, { matchers, startsAt, endsAt, createdBy, comment }: NewSilence): Promise<StoredSilence> {
    const [silence] = await tx.query<StoredSilence>(
      `INSERT INTO silence (id, matchers, starts_at, ends_at, created_by, comment) VALUES ($1, $2, $3, $4, $5, $6) RETURNING ${columns}`,
      [uuidv7(), matchers, startsAt, endsAt, createdBy, comment],
    );
    return silence!;
  }

  async get(id: string): Promise<StoredSilence | null> {
    const [silence] = await this.store.query<StoredSilence>(`SELECT ${columns} FROM silence WHERE id = $1`, [id]);
    return silence ?? null;
  }

  /** Silences that have not ended, newest first; with `all` also ended ones. */
  async list({ limit, after }: PageRequest, all = false): Promise<Page<StoredSilence>> {
    const rows = await this.store.query<StoredSilence>(
      `SELECT ${columns} FROM silence WHERE ($2::uuid IS NULL OR id < $2) AND ($3 OR ends_at > now()) ORDER BY id DESC LIMIT $1`,
      [limit + 1, after ?? null, all],
    );
    return pageOf(rows, limit);
  }

  /** Version of the open silences, for caches: changes with each of them. */
  async version(): Promise<string> {
    const [row] = await this.store.query<{ version: string }>(
      `SELECT concat_ws(' ', count(*), max(id::text), sum(extract(epoch FROM ends_at))) AS version FROM silence WHERE ends_at > now()`,
    );
    return row?.version ?? '';
  }

  /** All silences that have not ended. */
  async open(): Promise<StoredSilence[]> {
    return this.store.query<StoredSilence>(`SELECT ${columns} FROM silence WHERE ends_at > now()`);
  }

  /** Ends a silence now; null if it does not exist or has ended. */
  async expire(tx: Transaction, id: string): Promise<StoredSilence | null> {
    const [silence] = await tx.query<StoredSilence>(
      `UPDATE silence SET ends_at = now(), starts_at = least(starts_at, now()) WHERE id = $1 AND ends_at > now() RETURNING ${columns}`,
      [id],
    );
    // Flushes groups that a mute held back, since the silence may have been the reason.
    if (silence) await tx.query('UPDATE alert_group SET due_at = now() WHERE due_at > now() AND is_muted');
    return silence ?? null;
  }
}
