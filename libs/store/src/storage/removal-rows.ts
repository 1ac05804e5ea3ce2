import type { Digest } from '@tidewaiter/domain';
import { Column, CreateDateColumn, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';

import { DeletedWith, Retention } from '../core/retention.js';

export const removalKinds = ['repository', 'cluster'] as const;

/** `waiting` from the start, and while something of it is in use; then `done`. */
export const removalStates = ['waiting', 'running', 'done'] as const;

/** Numbers of records by their names: `pushes`, `images`, `containers`. */
export type RemovalCounts = Record<string, number>;

/** An order to delete the data of a repository or a cluster that arrived before it. */
@Retention({ days: 365, since: 'finished_at', pace: 'hourly' })
@Entity('removal')
@Index('removal_due_ix', ['nextAt'], { where: "state <> 'done'" })
export class RemovalRow {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'removal_pk' }) id!: string;
  @Column('text') kind!: (typeof removalKinds)[number];
  /** Registry of the repository; null for a cluster. */
  @Column('text', { nullable: true }) connection!: string | null;
  /** Name of the repository or cluster. */
  @Column('text') name!: string;
  @CreateDateColumn({ name: 'requested_at', type: 'timestamptz' }) requestedAt!: Date;
  @Column('text', { default: 'waiting' }) state!: (typeof removalStates)[number];
  @Column('jsonb', { default: {} }) deleted!: RemovalCounts;
  /** Records that are in use; the removal waits for those of a repository. */
  @Column('jsonb', { default: {} }) kept!: RemovalCounts;
  /** Time of the next batch. */
  @CreateDateColumn({ name: 'next_at', type: 'timestamptz' }) nextAt!: Date;
  @Column('timestamptz', { name: 'finished_at', nullable: true }) finishedAt!: Date | null;
}

/** An image of a removed push, until it is decided whether something else has it. */
@DeletedWith(() => RemovalRow)
@Entity('removal_image')
export class RemovalImageRow {
  @PrimaryColumn('uuid', { name: 'removal_id', primaryKeyConstraintName: 'removal_image_pk' }) removalId!: string;
  @ManyToOne(() => RemovalRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'removal_id', foreignKeyConstraintName: 'removal_image_removal_fk' })
  removal?: Relation<RemovalRow>;
  @PrimaryColumn('text', { name: 'image_digest', primaryKeyConstraintName: 'removal_image_pk' }) imageDigest!: Digest;
}
