import {
  Column,
  CreateDateColumn,
  Entity,
  Generated,
  Index,
  JoinColumn,
  ManyToOne,
  PrimaryColumn,
  type Relation,
} from 'typeorm';

/** What runtime events added up to. Only the detector writes it, and who resolves it. */
@Entity('incident')
// GIN, which TypeORM cannot say.
@Index('incident_artifacts_ix', { synchronize: false })
export class IncidentRow {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'incident_pk' }) id!: string;
  /** What people call it by: INC-7. */
  @Index('incident_number_ux', { unique: true })
  @Column('bigint')
  @Generated('increment')
  number!: string;
  /** The builder's id of the story: another one than ours where a part of it that came late changed how it began. */
  @Index('incident_story_ux', { unique: true })
  @Column('uuid', { name: 'story_id' })
  storyId!: string;
  @Column('text') title!: string;
  /** Less is worse; null of what was kept before titles had ranks. */
  @Column('integer', { name: 'title_rank', nullable: true }) titleRank!: number | null;
  @Column('text', { default: '' }) sentence!: string;
  @Column('text') severity!: string;
  @Column('integer', { default: 0 }) score!: number;
  /** `open`, `resolved` or `merged`. */
  @Column('text', { default: 'open' }) state!: string;
  @Column('uuid', { name: 'merged_into', nullable: true }) mergedInto!: string | null;
  /** Counts what people are told of. */
  @Column('integer', { default: 1 }) revision!: number;
  /** The builder's own, which counts every change. */
  @Column('integer', { name: 'story_revision', default: 1 }) storyRevision!: number;
  /** Events that it stands for. */
  @Column('bigint') count!: string;
  /** `namespace/Kind/name`. */
  @Column('text', { nullable: true }) workload!: string | null;
  @Column('text', { nullable: true }) image!: string | null;
  @Index('incident_image_ix', { where: 'image_digest IS NOT NULL' })
  @Column('text', { name: 'image_digest', nullable: true })
  imageDigest!: string | null;
  @Column('text', { nullable: true }) namespace!: string | null;
  @Column('text', { nullable: true }) cluster!: string | null;
  @Column('text', { name: 'first_seen' }) firstSeen!: string;
  @Column('text', { name: 'last_seen' }) lastSeen!: string;
  /** Id of the runtime event. */
  @Column('text', { name: 'opened_by' }) openedBy!: string;
  @Column('text', { array: true, default: [] }) findings!: string[];
  @Column('text', { array: true, default: [] }) techniques!: string[];
  @Column('jsonb', { default: [] }) steps!: unknown;
  /** The telling events: they say how it began. */
  @Column('jsonb') evidence!: unknown;
  @Column('jsonb', { default: [] }) workloads!: unknown;
  @Column('jsonb', { default: [] }) artifacts!: unknown;
  @Column('text', { name: 'facts_used', array: true, default: [] }) factsUsed!: string[];
  @Column('text', { name: 'next_steps', array: true, default: [] }) nextSteps!: string[];
  /** Whose rules found it. */
  @Column('jsonb', { default: [] }) rules!: unknown;
  @CreateDateColumn({ name: 'opened_at', type: 'timestamptz' }) openedAt!: Date;
  @CreateDateColumn({ name: 'updated_at', type: 'timestamptz' }) updatedAt!: Date;
  @Column('timestamptz', { name: 'resolved_at', nullable: true }) resolvedAt!: Date | null;
  /** Null where it ended by itself. */
  @Column('text', { name: 'resolved_by', nullable: true }) resolvedBy!: string | null;
}

/** What people are told of an incident, state by state. */
@Entity('incident_revision')
export class IncidentRevisionRow {
  @PrimaryColumn('uuid', { name: 'incident_id', primaryKeyConstraintName: 'incident_revision_pk' })
  incidentId!: string;
  @ManyToOne(() => IncidentRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'incident_id', foreignKeyConstraintName: 'incident_revision_incident_fk' })
  incident?: Relation<IncidentRow>;
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'incident_revision_pk' }) revision!: number;
  /** `opened`, `updated`, `worsened`, `reopened`, `resolved` or `merged`. */
  @Column('text') kind!: string;
  @Column('text') severity!: string;
  @Column('text', { array: true }) news!: string[];
  /** The person who did it; null where nobody did. */
  @Column('text', { nullable: true }) actor!: string | null;
  @CreateDateColumn({ type: 'timestamptz' }) at!: Date;
}
