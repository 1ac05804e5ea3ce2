import { Injectable } from '@nestjs/common';
import type { ManagedKind } from '@tidewaiter/domain';

import { columnsOf } from '../core/columns.js';
import { recordsetOf } from '../core/row-sets.js';
import { Store } from '../core/store.js';
import { FileEntryRow } from './entry-rows.js';
import { newestVersions } from './managed-entries.js';

const columns = columnsOf(FileEntryRow);
const given = recordsetOf(FileEntryRow, ['kind', 'name', 'document', 'line']);

/** Entries of `tidewaiter.yaml`, for the lists of the API. */
@Injectable()
export class FileEntries {
  constructor(private readonly store: Store) {}

  /** Replaces the entries by those of the file that was read now. */
  async replace(entries: readonly FileEntryRow[]): Promise<void> {
    await this.store.transaction(async (tx) => {
      // Replicas of the console that start together wait here for each other.
      await tx.query('LOCK TABLE file_entry IN SHARE ROW EXCLUSIVE MODE');
      await tx.query('DELETE FROM file_entry');
      await tx.query(
        `INSERT INTO file_entry (${given.columns}) SELECT ${given.values} FROM ${given.table}`,
        given.parameters(entries),
      );
    });
  }

  /** Names of managed entries that entries of the file override: `exceptions/known`. */
  async overriding(): Promise<string[]> {
    const rows = await this.store.aggregate<{ name: string }>(
      `SELECT kind || '/' || name AS name FROM file_entry
       WHERE (kind, name) IN (SELECT kind, name FROM ${newestVersions('true')} AS managed) ORDER BY name`,
    );
    return rows.map(({ name }) => name);
  }

  async get(kind: ManagedKind, name: string): Promise<FileEntryRow | null> {
    const [entry] = await this.store.rows(columns, 'FROM file_entry WHERE kind = $1 AND name = $2', [kind, name]);
    return entry ?? null;
  }
}
