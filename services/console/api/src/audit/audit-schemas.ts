import { auditFields } from '@tidewaiter/query';
import { auditActions, type AuditEntryRow, auditList } from '@tidewaiter/store';
import { z } from 'zod';

import { count, text, time } from '../http/fields.js';
import { exportQuery, listQuery } from '../http/lists.js';
import type { SchemaOf } from '../http/row-schemas.js';

export const auditQuery = listQuery(auditList, auditFields, '-number');

export const auditExportQuery = exportQuery(auditList, auditFields, '-number');

export const auditEntryAnswer = z.object({
  number: count,
  at: time,
  actor: z.string(),
  action: z.enum(auditActions),
  subject: z.string(),
  /** IP address of the client; null for the command line, Slack and the platform itself. */
  address: text,
  /** `request`, and the object `before` and `after` the change. Secrets are left out. */
  details: z.record(z.string(), z.unknown()),
  /** SHA-256 over the hash of the previous entry and this one's fields, in hex. */
  hash: z.string(),
} satisfies SchemaOf<AuditEntryRow, never>);

export const auditVerificationAnswer = z.object({
  /** Entries that follow from those before them. */
  entries: count,
  /** First entry that does not; null if all do. */
  brokenAt: count.nullable(),
  /** Hash of the last good entry, in hex. */
  head: z.string(),
});
