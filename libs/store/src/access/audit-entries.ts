import { Injectable } from '@nestjs/common';

import { columnsOf } from '../core/columns.js';
import { Store } from '../core/store.js';
import { AuditEntryRow } from './audit-row.js';

const columns = columnsOf(AuditEntryRow);

/** Entries of the audit log for services that add none. */
@Injectable()
export class AuditEntries {
  constructor(private readonly store: Store) {}

  /** Entries with these numbers. */
  async withNumbers(numbers: readonly number[]): Promise<AuditEntryRow[]> {
    if (numbers.length === 0) return [];
    return this.store.rows(columns, 'FROM audit_entry WHERE number = ANY($1) ORDER BY number', [numbers]);
  }
}
