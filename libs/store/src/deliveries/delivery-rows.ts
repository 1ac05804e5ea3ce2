import type { Alert, Labels } from '@tidewaiter/domain';
import {
  Column,
  CreateDateColumn,
  Entity,
  Generated,
  Index,
  JoinColumn,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
} from 'typeorm';

import { DeletedWith, Retention } from '../core/retention.js';

/** States in which a delivery has ended without a failure. */
export const endedDeliveryStates = ['sent', 'superseded', 'merged', 'suppressed'] as const;

/** `held` or `pending`, `sending`, `retrying`, then one of the others. */
export const deliveryStates = ['held', 'pending', 'sending', 'retrying', ...endedDeliveryStates, 'failed'] as const;

export type DeliveryState = (typeof deliveryStates)[number];

/**
 * Why a delivery was derived from another one: that failed and falls back to it, or is repeated by
 * it.
 */
export const deliveryOrigins = ['fallback', 'repetition'] as const;

export type DeliveryOrigin = (typeof deliveryOrigins)[number];

export const deliveryStepKinds = ['failed', 'given-up', 'redriven', 'repeated'] as const;

/** One message to one receiver. Only the notifier writes it. */
// Alerts that still fire are reminded of by their last message.
@Retention({
  days: 'messageDays',
  since: 'created_at',
  pace: 'hourly',
  where: 'finished_at IS NOT NULL AND NOT EXISTS (SELECT FROM notified_alert WHERE delivery_id = delivery.id)',
})
@Entity('delivery')
// Unique by event, receiver, channel, integration and the digest of the group's key, which TypeORM
// cannot declare.
@Index('delivery_once_ux', { synchronize: false })
@Index('delivery_held_ix', ['heldFor'], { where: "state = 'held'" })
@Index('delivery_channel_ix', ['receiver', 'channel', 'integration', 'createdAt'])
@Index('delivery_subject_ix', ['subject', 'receiver', 'channel', 'integration', 'revision'], {
  where: 'subject IS NOT NULL',
})
@Index('delivery_push_ix', ['pushId'], { where: 'push_id IS NOT NULL' })
@Index('delivery_origin_ix', ['originId'], { where: 'origin_id IS NOT NULL' })
@Index('delivery_created_ix', ['createdAt'])
@Index('delivery_troubled_ix', ['number'], { where: "state IN ('failed', 'retrying')" })
export class DeliveryRow {
  /** Derived from what it reports and to whom, so that it is the same after a restore. */
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'delivery_pk' }) id!: string;
  /** Order of creation. */
  @Index('delivery_number_ux', { unique: true })
  @Column('bigint')
  @Generated('increment')
  number!: string;
  @Column('uuid', { name: 'event_id' }) eventId!: string;
  @Column('text') receiver!: string;
  /** `slack`, `email`, `webhook`. */
  @Column('text') channel!: string;
  /** Index among the receiver's configurations of that channel. */
  @Column('integer') integration!: number;
  @Column('text') route!: string;
  @Column('text', { name: 'group_key' }) groupKey!: string;
  @Column('jsonb', { name: 'group_labels' }) groupLabels!: Labels;
  @Column('jsonb') alerts!: Alert[];
  /** In the notifier's own form, which the store does not read. */
  @Column('jsonb') message!: unknown;
  /**
   * Incident, or a name of the message itself, if a newer message supersedes an older one; else
   * null.
   */
  @Column('text', { nullable: true }) subject!: string | null;
  /** State of the subject that it reports. */
  @Column('integer', { nullable: true }) revision!: number | null;
  /** The push that it reports. */
  @Column('uuid', { name: 'push_id', nullable: true }) pushId!: string | null;
  /** Relation to the delivery `originId` that it was derived from; null for most. */
  @Column('text', { nullable: true }) origin!: DeliveryOrigin | null;
  @Column('uuid', { name: 'origin_id', nullable: true }) originId!: string | null;
  @Column('text', { default: 'pending' }) state!: DeliveryState;
  /** The group with which it waits. */
  @Column('text', { name: 'held_for', nullable: true }) heldFor!: string | null;
  @Column('integer', { default: 0 }) attempt!: number;
  /** Recipients that have it already, of a message to several. */
  @Column('text', { array: true, default: [] }) reached!: string[];
  /** The channel's own name for the message: a Slack timestamp, a Message-ID. */
  @Column('text', { nullable: true }) reference!: string | null;
  /** The reference of the message that it repeats. */
  @Column('text', { name: 'reply_to', nullable: true }) replyTo!: string | null;
  @Column('text', { nullable: true }) code!: string | null;
  @Column('text', { nullable: true }) reason!: string | null;
  @Column('text', { nullable: true }) traceparent!: string | null;
  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' }) createdAt!: Date;
  @Column('timestamptz', { name: 'next_at', nullable: true }) nextAt!: Date | null;
  @Column('timestamptz', { name: 'finished_at', nullable: true }) finishedAt!: Date | null;
}

/** Failed try of a delivery, or a redrive or repetition by a user. */
@DeletedWith(() => DeliveryRow)
@Entity('delivery_step')
export class DeliveryStepRow {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'delivery_step_pk',
  })
  id!: string;
  @Index('delivery_step_delivery_ix')
  @Column('uuid', { name: 'delivery_id' })
  deliveryId!: string;
  @ManyToOne(() => DeliveryRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'delivery_id', foreignKeyConstraintName: 'delivery_step_delivery_fk' })
  delivery?: Relation<DeliveryRow>;
  @Column('text') kind!: (typeof deliveryStepKinds)[number];
  /** Tries that were made until then. */
  @Column('integer') attempt!: number;
  @Column('text', { nullable: true }) code!: string | null;
  @Column('text', { nullable: true }) reason!: string | null;
  /** User who requested a redrive or repetition. */
  @Column('text', { name: 'made_by', nullable: true }) madeBy!: string | null;
  @Column('timestamptz', { name: 'next_at', nullable: true }) nextAt!: Date | null;
  @CreateDateColumn({ name: 'made_at', type: 'timestamptz' }) madeAt!: Date;
}
