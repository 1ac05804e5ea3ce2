import { Column, CreateDateColumn, Entity, Index, PrimaryColumn } from 'typeorm';

import type { QueueName } from './queues.js';
import { Retention } from './retention.js';

/** Pushes and gates are interactive; rescans and re-matches are bulk and may wait. */
export const jobClasses = ['interactive', 'bulk'] as const;

export type JobClass = (typeof jobClasses)[number];

/** `dead`: failed for good, with a dead letter. */
export const jobStates = ['queued', 'running', 'done', 'dead'] as const;

/** One job. Only the holder of the lease token may finish it. */
@Retention({ days: 3, since: 'finished_at', pace: 'often', where: "state = 'done'" })
@Entity('job')
@Index('job_live_ux', ['queue', 'key'], { unique: true, where: "state IN ('queued', 'running')" })
@Index('job_source_ix', { synchronize: false })
@Index('job_due_ix', ['runAt'], { where: "state = 'queued'" })
@Index('job_leased_ix', ['leaseUntil'], { where: "state = 'running'" })
@Index('job_finished_ix', ['finishedAt'], { where: "state = 'done'" })
export class JobRow {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'job_pk' }) id!: string;
  @Column('text') queue!: QueueName;
  /** Key of the work, see {@link queueNames}. */
  @Column('text') key!: string;
  @Column('text') class!: JobClass;
  /** Source of the work, for fair turns; empty if it has none. */
  @Column('text', { default: '' }) connection!: string;
  @Column('text', { default: '' }) repository!: string;
  /** Whether it is known to take long, such as a layer of a gigabyte. */
  @Column('boolean', { name: 'is_large', default: false }) isLarge!: boolean;
  /** Whether it continues work that had its turn, as a push whose last layer was read. */
  @Column('boolean', { name: 'is_resumed', default: false }) isResumed!: boolean;
  /** Order among the jobs of a repository: the id of the push, which grows with time. */
  @Column('uuid', { nullable: true }) turn!: string | null;
  @Column('text', { default: 'queued' }) state!: (typeof jobStates)[number];
  /** Number of claims. */
  @Column('integer', { default: 0 }) attempt!: number;
  /** Number of claims in earlier runs, and of requeues without an attempt. */
  @Column('integer', { name: 'put_back', default: 0 }) putBack!: number;
  /** Whether the job was enqueued again after its attempt began: it will run once more. */
  @Column('boolean', { default: false }) again!: boolean;
  @Column('timestamptz', { name: 'run_at', default: () => 'now()' }) runAt!: Date;
  /** When it was last put into the queue. */
  @Column('timestamptz', { name: 'swept_at', default: () => 'now()' }) sweptAt!: Date;
  @Column('uuid', { name: 'lease_token', nullable: true }) leaseToken!: string | null;
  @Column('timestamptz', { name: 'lease_until', nullable: true }) leaseUntil!: Date | null;
  @Column('text', { nullable: true }) code!: string | null;
  @Column('text', { nullable: true }) reason!: string | null;
  @Column('text', { nullable: true }) traceparent!: string | null;
  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' }) createdAt!: Date;
  @Column('timestamptz', { name: 'finished_at', nullable: true }) finishedAt!: Date | null;
}

/** Claims and speed of the jobs of a source; a registry has an empty repository. */
@Retention({ days: 30, since: 'seen_at', pace: 'hourly' })
@Entity('job_source')
export class JobSourceRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'job_source_pk' }) queue!: QueueName;
  @PrimaryColumn('text', { primaryKeyConstraintName: 'job_source_pk' }) connection!: string;
  @PrimaryColumn('text', { primaryKeyConstraintName: 'job_source_pk' }) repository!: string;
  @Column('timestamptz', { name: 'claimed_at', nullable: true }) claimedAt!: Date | null;
  /** Last claim in the slow lane. */
  @Column('timestamptz', { name: 'slow_claimed_at', nullable: true }) slowClaimedAt!: Date | null;
  /** End of the last quick job. */
  @Column('timestamptz', { name: 'quick_at', nullable: true }) quickAt!: Date | null;
  /** End of the last job that was slow or failed. */
  @Column('timestamptz', { name: 'slow_at', nullable: true }) slowAt!: Date | null;
  @Column('timestamptz', { name: 'seen_at', default: () => 'now()' }) seenAt!: Date;
}
