import { Injectable } from '@nestjs/common';

import { Store } from './store.js';

/**
 * Written rows by table, as PostgreSQL counts them for its own statistics. The counts cost no look
 * at the tables. They follow a commit within a second, or ten of a busy connection, and include
 * rows that were rolled back.
 */
@Injectable()
export class TableActivity {
  constructor(private readonly store: Store) {}

  async writtenRows(tables: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const rows = await this.store.aggregate<{ table: string; written: string }>(
      `SELECT relname AS table, (n_tup_ins + n_tup_upd + n_tup_del)::text AS written
       FROM pg_stat_user_tables WHERE schemaname = current_schema() AND relname = ANY($1)`,
      [tables],
    );
    return new Map(rows.map(({ table, written }) => [table, written]));
  }
}
