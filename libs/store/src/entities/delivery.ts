import { Column, CreateDateColumn, Entity, PrimaryColumn, Unique } from 'typeorm';

/** One message to one receiver. Only the notifier writes it. */
@Entity('delivery')
@Unique('delivery_once_ux', ['eventId', 'receiver', 'channel', 'integration', 'groupKey'])
export class DeliveryRow {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'delivery_pk' }) id!: string;
  @Column('uuid', { name: 'event_id' }) eventId!: string;
  @Column('text') receiver!: string;
  /** `slack`, `email`, `webhook`. */
  @Column('text') channel!: string;
  /** Which of the receiver's configurations of that channel. */
  @Column('integer') integration!: number;
  @Column('text') route!: string;
  @Column('text', { name: 'group_key' }) groupKey!: string;
  @Column('jsonb', { name: 'group_labels' }) groupLabels!: unknown;
  @Column('jsonb') alerts!: unknown;
  @Column('jsonb') message!: unknown;
  /** `pending`, `sending`, `retrying`, then `sent` or `failed`. */
  @Column('text', { default: 'pending' }) state!: string;
  @Column('integer', { default: 0 }) attempt!: number;
  /** Recipients that have it already, of a message to several. */
  @Column('text', { array: true, default: [] }) reached!: string[];
  /** The channel's own name for the message. */
  @Column('text', { nullable: true }) reference!: string | null;
  @Column('text', { nullable: true }) code!: string | null;
  @Column('text', { nullable: true }) reason!: string | null;
  @Column('text', { nullable: true }) traceparent!: string | null;
  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' }) createdAt!: Date;
  @Column('timestamptz', { name: 'next_at', nullable: true }) nextAt!: Date | null;
  @Column('timestamptz', { name: 'finished_at', nullable: true }) finishedAt!: Date | null;
}
