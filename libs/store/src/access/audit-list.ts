import type { auditFields } from '@tidewaiter/query';

import { columnsOf, type RowOf } from '../core/columns.js';
import type { RowList } from '../core/lists.js';
import { AuditEntryRow } from './audit-row.js';

const columns = columnsOf(AuditEntryRow, { omit: ['hash'] }).computed<{
  /** Hash of the entry, in hex. */
  hash: string;
}>({ hash: `encode(hash, 'hex')` });

/** The audit log as a list. */
export const auditList = {
  columns,
  from: 'FROM audit_entry',
  key: { sql: 'number', type: 'bigint' },
  fields: {
    actor: { text: 'actor' },
    action: { text: 'action' },
    subject: { text: 'subject' },
    address: { text: 'address' },
    at: { time: 'at' },
  },
  title: `concat_ws(' ', actor, action, subject)`,
  words: ['actor', 'action', 'subject', 'address'],
  sorts: { number: { sql: 'number', type: 'bigint' } },
} as const satisfies RowList<RowOf<typeof columns>, keyof typeof auditFields>;
