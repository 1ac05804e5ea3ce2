import type { Alert, Labels } from '@tidewaiter/domain';
import type { PastAlert, PastEvent } from '@tidewaiter/routing';
import { Column, CreateDateColumn, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';

import { DeletedWith, Retention } from '../core/retention.js';

/**
 * An alert that fires or was resolved lately: source of inhibitions, and preview of the effect of a
 * silence.
 */
@Retention({ days: 1, since: 'changed_at', pace: 'hourly', where: "status = 'resolved'" })
@Entity('alert')
@Index('alert_changed_ix', ['changedAt'])
export class AlertRow {
  /** SHA-256 of its identity. */
  @PrimaryColumn('bytea', { name: 'identity_hash', primaryKeyConstraintName: 'alert_pk' }) identityHash!: Buffer;
  @Column('jsonb') labels!: Labels;
  @Column('text') status!: Alert['status'];
  @Column('timestamptz', { name: 'starts_at' }) startsAt!: Date;
  @Column('timestamptz', { name: 'changed_at' }) changedAt!: Date;
}

/** Flush and reminder times of a group of alerts. */
@Retention({
  days: 7,
  since: "coalesce(notified_at, '-infinity')",
  pace: 'hourly',
  where: 'due_at IS NULL AND remind_at IS NULL',
})
@Entity('alert_group')
@Index('alert_group_due_ix', ['dueAt'], { where: 'due_at IS NOT NULL' })
@Index('alert_group_remind_ix', ['remindAt'], { where: 'remind_at IS NOT NULL' })
export class AlertGroupRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'alert_group_pk' }) key!: string;
  @Column('timestamptz', { name: 'notified_at', nullable: true }) notifiedAt!: Date | null;
  /** Time of the next flush; null if nothing waits. */
  @Column('timestamptz', { name: 'due_at', nullable: true }) dueAt!: Date | null;
  /** Whether the flush is scheduled for the end of a mute, such as a silence. */
  @Column('boolean', { name: 'is_muted', default: false }) isMuted!: boolean;
  /** Time of the next reminder about firing alerts; null for never. */
  @Column('timestamptz', { name: 'remind_at', nullable: true }) remindAt!: Date | null;
}

/** An alert that a group was notified of, for reminders while it fires. */
@DeletedWith(() => AlertGroupRow)
@Entity('notified_alert')
@Index('notified_alert_alert_ix', ['identityHash'])
export class NotifiedAlertRow {
  @PrimaryColumn('text', { name: 'group_key', primaryKeyConstraintName: 'notified_alert_pk' }) groupKey!: string;
  @PrimaryColumn('bytea', { name: 'identity_hash', primaryKeyConstraintName: 'notified_alert_pk' })
  identityHash!: Buffer;
  /** Alert as it was sent. */
  @Column('jsonb') alert!: Alert;
  /** Last delivery with the alert. */
  @Column('uuid', { name: 'delivery_id' }) deliveryId!: string;
  @ManyToOne(() => AlertGroupRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'group_key', foreignKeyConstraintName: 'notified_alert_group_fk' })
  group?: Relation<AlertGroupRow>;
  @ManyToOne(() => AlertRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'identity_hash', foreignKeyConstraintName: 'notified_alert_alert_fk' })
  firing?: Relation<AlertRow>;
}

/** Limit on the time of the alert history that is replayed, in days. */
export const historyDays = 31;

/** Alerts of one event, before routing. */
@Retention({ days: 'alertDays', since: 'at', pace: 'often' })
@Entity('alert_history')
@Index('alert_history_at_ix', ['at', 'eventId'])
export class AlertHistoryRow {
  @PrimaryColumn('uuid', { name: 'event_id', primaryKeyConstraintName: 'alert_history_pk' }) eventId!: string;
  @CreateDateColumn({ type: 'timestamptz' }) at!: Date;
  /** The alerts with their labels, by the hashes of their identities. */
  @Column('jsonb') alerts!: PastAlert[];
  /**
   * Incident and audience of an event that reports a state of an incident; null for other events.
   */
  @Column('jsonb', { nullable: true }) state!: PastEvent['state'];
}

/** Suppression of matching alerts for a time. */
@Retention({ days: 'messageDays', since: 'ends_at', pace: 'hourly' })
@Entity('silence')
@Index('silence_ends_ix', ['endsAt'])
export class SilenceRow {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'silence_pk' }) id!: string;
  /** In Alertmanager's syntax; all must hold. */
  @Column('text', { array: true }) matchers!: string[];
  @Column('timestamptz', { name: 'starts_at' }) startsAt!: Date;
  @Column('timestamptz', { name: 'ends_at' }) endsAt!: Date;
  @Column('text', { name: 'created_by' }) createdBy!: string;
  @Column('text') comment!: string;
  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' }) createdAt!: Date;
  /** Number of its newest {@link SilenceVersionRow}. */
  @Column('integer', { default: 1 }) version!: number;
}

/** How a version of a silence came about. */
export const silenceChanges = ['created', 'changed', 'ended', 'undone'] as const;

export type SilenceChangeKind = (typeof silenceChanges)[number];

/** Version of a silence. Rows are only added: an undo is a version, too. */
@DeletedWith(() => SilenceRow)
@Entity('silence_version')
export class SilenceVersionRow {
  @PrimaryColumn('uuid', { name: 'silence_id', primaryKeyConstraintName: 'silence_version_pk' }) silenceId!: string;
  @ManyToOne(() => SilenceRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'silence_id', foreignKeyConstraintName: 'silence_version_silence_fk' })
  silence?: Relation<SilenceRow>;
  /** From 1. */
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'silence_version_pk' }) version!: number;
  @Column('text') change!: SilenceChangeKind;
  @Column('text', { array: true }) matchers!: string[];
  @Column('timestamptz', { name: 'starts_at' }) startsAt!: Date;
  @Column('timestamptz', { name: 'ends_at' }) endsAt!: Date;
  @Column('text') comment!: string;
  /** Name of the user or service account. */
  @Column('text') author!: string;
  @Column('timestamptz') at!: Date;
  /** Reason for the change. */
  @Column('text', { nullable: true }) reason!: string | null;
}
