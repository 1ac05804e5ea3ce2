import { Column, CreateDateColumn, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';

/** What fires, or did lately: the other side of inhibition, and what a silence would hide. */
@Entity('alert')
@Index('alert_changed_ix', ['changedAt'])
export class AlertRow {
  /** SHA-256 of its identity. */
  @PrimaryColumn('bytea', { name: 'identity_hash', primaryKeyConstraintName: 'alert_pk' }) identityHash!: Buffer;
  @Column('jsonb') labels!: unknown;
  /** `firing` or `resolved`. */
  @Column('text') status!: string;
  @Column('timestamptz', { name: 'starts_at' }) startsAt!: Date;
  @Column('timestamptz', { name: 'changed_at' }) changedAt!: Date;
}

/** When those that wait together are told. */
@Entity('alert_group')
@Index('alert_group_due_ix', ['dueAt'], { where: 'due_at IS NOT NULL' })
@Index('alert_group_remind_ix', ['remindAt'], { where: 'remind_at IS NOT NULL' })
export class AlertGroupRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'alert_group_pk' }) key!: string;
  @Column('timestamptz', { name: 'told_at', nullable: true }) toldAt!: Date | null;
  /** Null: nothing waits. */
  @Column('timestamptz', { name: 'due_at', nullable: true }) dueAt!: Date | null;
  /** It is due then because nobody was to be told, as by a silence. */
  @Column('boolean', { name: 'is_quiet', default: false }) isQuiet!: boolean;
  /** When what still fires is told again; null: never. */
  @Column('timestamptz', { name: 'remind_at', nullable: true }) remindAt!: Date | null;
}

/** What a group was told of, where it is told again while it fires. */
@Entity('told_alert')
@Index('told_alert_alert_ix', ['identityHash'])
export class ToldAlertRow {
  @PrimaryColumn('text', { name: 'group_key', primaryKeyConstraintName: 'told_alert_pk' }) groupKey!: string;
  @PrimaryColumn('bytea', { name: 'identity_hash', primaryKeyConstraintName: 'told_alert_pk' }) identityHash!: Buffer;
  /** As it was told. */
  @Column('jsonb') alert!: unknown;
  /** By which it was told last. */
  @Column('uuid', { name: 'delivery_id' }) deliveryId!: string;
  @ManyToOne(() => AlertGroupRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'group_key', foreignKeyConstraintName: 'told_alert_group_fk' })
  group?: Relation<AlertGroupRow>;
  @ManyToOne(() => AlertRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'identity_hash', foreignKeyConstraintName: 'told_alert_alert_fk' })
  firing?: Relation<AlertRow>;
}

/** What there was to tell, whoever was told of it. */
@Entity('alert_history')
@Index('alert_history_at_ix', ['at', 'eventId'])
export class AlertHistoryRow {
  @PrimaryColumn('uuid', { name: 'event_id', primaryKeyConstraintName: 'alert_history_pk' }) eventId!: string;
  @CreateDateColumn({ type: 'timestamptz' }) at!: Date;
  /** The alerts with their labels, by the hashes of their identities. */
  @Column('jsonb') alerts!: unknown;
  /** Of an event that tells a state of an incident: of which, and for whom. */
  @Column('jsonb', { nullable: true }) state!: unknown;
}

/** Alerts that nobody wants to hear of for a while. */
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
}
