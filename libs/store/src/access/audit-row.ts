import { Column, Entity, PrimaryColumn } from 'typeorm';

import { safeInteger } from '../core/columns.js';
import { Permanent } from '../core/retention.js';

/** Actions in the audit log. */
export const auditActions = [
  'incident.acknowledged',
  'incident.assigned',
  'incident.snoozed',
  'incident.unsnoozed',
  'incident.commented',
  'incident.resolved',
  'incident.reopened',
  'silence.created',
  'silence.expired',
  'push.retried',
  'delivery.redriven',
  'dead-letter.redriven',
  'user.changed',
  'session.ended',
  'device-login.approved',
  'device-login.refused',
  'service-account.created',
  'service-account.deleted',
  'token.created',
  'token.revoked',
  'entry.created',
  'entry.changed',
  'entry.deleted',
  'entry.undone',
  'registry.checked',
  'receiver.tested',
] as const;

export type AuditAction = (typeof auditActions)[number];

/** A change by a caller of the API or the command line. Rows are only added. */
@Permanent('a few rows for each action of a user, kept as evidence')
@Entity('audit_entry')
export class AuditEntryRow {
  /** Position in the chain, from 1, without gaps. */
  @PrimaryColumn('bigint', { primaryKeyConstraintName: 'audit_entry_pk', transformer: safeInteger }) number!: number;
  @Column('timestamptz') at!: Date;
  /** Name of the user or service account. */
  @Column('text') actor!: string;
  @Column('text') action!: AuditAction;
  /** Object that changed: an id, a name, or a filter. */
  @Column('text') subject!: string;
  /** IP address of the client; null for the command line. */
  @Column('text', { nullable: true }) address!: string | null;
  /** The request: what was to be changed, and how. */
  @Column('jsonb') details!: object;
  /** SHA-256 over the hash of the previous entry and this one's fields. */
  @Column('bytea') hash!: Buffer;
}
