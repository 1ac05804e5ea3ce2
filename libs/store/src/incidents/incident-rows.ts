import type {
  Digest,
  IncidentArtifact,
  IncidentEvidence,
  IncidentState,
  IncidentStep,
  IncidentWorkload,
  Resolution,
  RevisionKind,
  RuleCredit,
  Severity,
} from '@tidewaiter/domain';
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

import { safeInteger } from '../core/columns.js';
import { DeletedBy, DeletedWith } from '../core/retention.js';

/** An incident, built from runtime events. The detector writes it, and users resolve it. */
@DeletedBy('Incidents.deleteEnded', 'incidentDays')
@Entity('incident')
// GIN, which TypeORM cannot declare.
@Index('incident_artifacts_ix', { synchronize: false })
export class IncidentRow {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'incident_pk' }) id!: string;
  /** Number in its display name: INC-7. */
  @Index('incident_number_ux', { unique: true })
  @Column('bigint', { transformer: safeInteger })
  @Generated('increment')
  number!: number;
  /**
   * Id of the builder's story; differs from `id` if late events changed the beginning of the story.
   */
  @Index('incident_story_ux', { unique: true })
  @Column('uuid', { name: 'story_id' })
  storyId!: string;
  /** A few words: `Miner in kube-system/DaemonSet/kube-proxy-controller`. */
  @Column('text') title!: string;
  /** Lower is worse; null for incidents from before titles had ranks. */
  @Column('integer', { name: 'title_rank', nullable: true }) titleRank!: number | null;
  @Column('text', { default: '' }) sentence!: string;
  @Column('text') severity!: Severity;
  @Column('integer', { default: 0 }) score!: number;
  @Column('text', { default: 'open' }) state!: IncidentState;
  @Column('uuid', { name: 'merged_into', nullable: true }) mergedInto!: string | null;
  /** Number of notified states. */
  @Column('integer', { default: 1 }) revision!: number;
  /** Revision of the builder's story, which counts every change. */
  @Column('integer', { name: 'story_revision', default: 1 }) storyRevision!: number;
  /** Events that it stands for. */
  @Column('bigint', { transformer: safeInteger }) count!: number;
  /** `namespace/Kind/name`. */
  @Column('text', { nullable: true }) workload!: string | null;
  @Column('text', { nullable: true }) image!: string | null;
  @Index('incident_image_ix', { where: 'image_digest IS NOT NULL' })
  @Column('text', { name: 'image_digest', nullable: true })
  imageDigest!: Digest | null;
  @Column('text', { nullable: true }) namespace!: string | null;
  @Column('text', { nullable: true }) cluster!: string | null;
  @Column('text', { name: 'first_seen' }) firstSeen!: string;
  @Column('text', { name: 'last_seen' }) lastSeen!: string;
  /** Id of the runtime event. */
  @Column('text', { name: 'opened_by' }) openedBy!: string;
  @Column('text', { array: true, default: [] }) findings!: string[];
  @Column('text', { array: true, default: [] }) techniques!: string[];
  @Column('jsonb', { default: [] }) steps!: IncidentStep[];
  /** Most relevant events, those of the beginning among them. */
  @Column('jsonb') evidence!: IncidentEvidence[];
  @Column('jsonb', { default: [] }) workloads!: IncidentWorkload[];
  @Column('jsonb', { default: [] }) artifacts!: IncidentArtifact[];
  @Column('text', { name: 'facts_used', array: true, default: [] }) factsUsed!: string[];
  @Column('text', { name: 'next_steps', array: true, default: [] }) nextSteps!: string[];
  /** Rules that raised its alerts. */
  @Column('jsonb', { default: [] }) rules!: RuleCredit[];
  @CreateDateColumn({ name: 'opened_at', type: 'timestamptz' }) openedAt!: Date;
  @CreateDateColumn({ name: 'updated_at', type: 'timestamptz' }) updatedAt!: Date;
  @Column('timestamptz', { name: 'resolved_at', nullable: true }) resolvedAt!: Date | null;
  /** User who resolved it; null if it ended by itself. */
  @Column('text', { name: 'resolved_by', nullable: true }) resolvedBy!: string | null;
  /** Reason of that user; null without one. */
  @Column('text', { nullable: true }) resolution!: Resolution | null;
  /** User who takes care of it. */
  @Column('text', { nullable: true }) assignee!: string | null;
  /** Time until which lists hide it and its messages are not repeated, unless there is news. */
  @Column('timestamptz', { name: 'snoozed_until', nullable: true }) snoozedUntil!: Date | null;
}

/** One state of an incident, as notified. */
@DeletedWith(() => IncidentRow)
@Entity('incident_revision')
export class IncidentRevisionRow {
  @PrimaryColumn('uuid', { name: 'incident_id', primaryKeyConstraintName: 'incident_revision_pk' })
  incidentId!: string;
  @ManyToOne(() => IncidentRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'incident_id', foreignKeyConstraintName: 'incident_revision_incident_fk' })
  incident?: Relation<IncidentRow>;
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'incident_revision_pk' }) revision!: number;
  @Column('text') kind!: RevisionKind;
  @Column('text') severity!: Severity;
  @Column('text', { array: true }) news!: string[];
  /** User who caused it; null for automatic changes. */
  @Column('text', { nullable: true }) actor!: string | null;
  /** Comment of that user, with its line breaks. */
  @Column('text', { nullable: true }) comment!: string | null;
  @CreateDateColumn({ type: 'timestamptz' }) at!: Date;
}
