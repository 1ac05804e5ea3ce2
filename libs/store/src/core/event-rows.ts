import { Column, CreateDateColumn, Entity, Index, PrimaryColumn } from 'typeorm';

import { Retention } from './retention.js';

/** Work that failed: the handling of an event, or a job. */
export const deadLetterStages = ['event', 'job'] as const;

/** Events with an open dead letter stay, as they can be redriven. */
const notRedrivable = 'NOT EXISTS (SELECT FROM dead_letter WHERE event_id = outbox.id AND redriven_at IS NULL)';

/** An event to publish. Written in the transaction of its fact, published by the relay. */
@Retention({ days: 3, since: 'confirmed_at', pace: 'often', where: notRedrivable })
@Entity('outbox')
@Index('outbox_unpublished_ix', ['id'], { where: 'published_at IS NULL' })
@Index('outbox_unconfirmed_ix', ['nextSweepAt'], { where: 'published_at IS NOT NULL AND confirmed_at IS NULL' })
@Index('outbox_confirmed_ix', ['confirmedAt'])
// On the push in `data`, which TypeORM cannot declare.
@Index('outbox_push_ix', { synchronize: false })
export class OutboxRow {
  /** UUID version 7; also the CloudEvents id. */
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'outbox_pk' }) id!: string;
  @Column('text') type!: string;
  @Column('text') channel!: string;
  @Column('text') subject!: string;
  @Column('text') source!: string;
  @CreateDateColumn({ type: 'timestamptz' }) time!: Date;
  @Column('jsonb') data!: unknown;
  @Column('text', { nullable: true }) traceparent!: string | null;
  @Column('timestamptz', { name: 'published_at', nullable: true }) publishedAt!: Date | null;
  /** Number of publishes: the time until the next one grows with it. */
  @Column('integer', { default: 0 }) publishes!: number;
  /** When it is published again, also part of that message id; null until the first publish. */
  @Column('timestamptz', { name: 'next_sweep_at', nullable: true })
  nextSweepAt!: Date | null;
  /** Time when every consumer had handled or dead-lettered it. */
  @Column('timestamptz', { name: 'confirmed_at', nullable: true }) confirmedAt!: Date | null;
}

/** An event that a consumer has handled, written in the transaction of its effects. */
// A redrive is for one consumer, and the others must still skip the event.
@Retention({
  days: 8,
  since: 'handled_at',
  pace: 'often',
  where: 'NOT EXISTS (SELECT FROM outbox WHERE outbox.id = inbox.event_id)',
})
@Entity('inbox')
@Index('inbox_age_ix', ['handledAt'])
export class InboxRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'inbox_pk' }) consumer!: string;
  @Index('inbox_event_ix')
  @PrimaryColumn('uuid', { name: 'event_id', primaryKeyConstraintName: 'inbox_pk' })
  eventId!: string;
  @CreateDateColumn({ name: 'handled_at', type: 'timestamptz' }) handledAt!: Date;
}

/** A webhook's event that was accepted. Only ingest writes it. */
@Retention({ days: 8, since: 'received_at', pace: 'often' })
@Entity('received')
@Index('received_age_ix', ['receivedAt'])
export class ReceivedRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'received_pk' }) connection!: string;
  @PrimaryColumn('text', { name: 'delivery_key', primaryKeyConstraintName: 'received_pk' }) deliveryKey!: string;
  @CreateDateColumn({ name: 'received_at', type: 'timestamptz' }) receivedAt!: Date;
  /** The last content about a tag, where senders give no identity; the key then names the tag. */
  @Column('text', { nullable: true }) content!: string | null;
}

/** An event or job that failed after all retries, with the data for a redrive. */
// One that was not redriven waits for an operator.
@Retention({ days: 'deadLetterDays', since: 'redriven_at', pace: 'hourly' })
@Entity('dead_letter')
@Index('dead_letter_open_ix', ['subject'], { where: 'redriven_at IS NULL' })
export class DeadLetterRow {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'dead_letter_pk' }) id!: string;
  @Column('text') stage!: (typeof deadLetterStages)[number];
  /** Name of the consumer or of the queue. */
  @Column('text') worker!: string;
  @Index('dead_letter_event_ix')
  @Column('uuid', { name: 'event_id', nullable: true })
  eventId!: string | null;
  @Column('uuid', { name: 'job_id', nullable: true }) jobId!: string | null;
  @Column('text') subject!: string;
  /** Message as it came, for events that the outbox does not know. */
  @Column('text', { nullable: true }) payload!: string | null;
  @Column('text') code!: string;
  @Column('text') reason!: string;
  @Column('integer') attempts!: number;
  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' }) createdAt!: Date;
  @Column('timestamptz', { name: 'redriven_at', nullable: true }) redrivenAt!: Date | null;
}
