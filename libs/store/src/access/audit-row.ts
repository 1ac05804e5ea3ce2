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
  'containment.ordered',
  'containment.approved',
  'containment.undone',
  'silence.created',
  'silence.changed',
  'silence.expired',
  'silence.undone',
  'push.retried',
  'delivery.redriven',
  'dead-letter.redriven',
  'sign-in.succeeded',
  'sign-in.failed',
  'session.signed-out',
  'session.ended',
  'setup-link.created',
  'setup-link.redeemed',
  'ci-token.issued',
  'ci-token.refused',
  'user.changed',
  'device-login.approved',
  'device-login.refused',
  'service-account.created',
  'service-account.changed',
  'service-account.deleted',
  'token.created',
  'token.revoked',
  'cluster.invited',
  'cluster.joined',
  'cluster.removed',
  'entry.created',
  'entry.changed',
  'entry.deleted',
  'entry.undone',
  'registry.checked',
  'receiver.tested',
  'report.requested',
  'view.saved',
  'view.deleted',
  'removal.requested',
  'advisories.changed',
  'database.migrated',
  'database.restored',
] as const;

export type AuditAction = (typeof auditActions)[number];

/** A sign-in, or a change by the API, the command line or Slack. Rows are only added. */
@Permanent('a few rows for each action of a user, kept as evidence')
@Entity('audit_entry')
export class AuditEntryRow {
  /** Position in the chain, from 1, without gaps. */
  @PrimaryColumn('bigint', { primaryKeyConstraintName: 'audit_entry_pk', transformer: safeInteger }) number!: number;
  @Column('timestamptz') at!: Date;
  /**
   * Name of the user or service account; `cli:` and the user of the machine for the command line,
   * `anonymous` for a refused sign-in.
   */
  @Column('text') actor!: string;
  @Column('text') action!: AuditAction;
  /** Object that changed: an id, a name, or a filter. */
  @Column('text') subject!: string;
  /** IP address of the client; null for the command line, Slack and the platform itself. */
  @Column('text', { nullable: true }) address!: string | null;
  /** `request`, and the object `before` and `after` the change; without secrets. */
  @Column('jsonb') details!: object;
  /** SHA-256 over the hash of the previous entry and this one's fields. */
  @Column('bytea') hash!: Buffer;
}
