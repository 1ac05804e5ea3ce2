import type { AlertLevel, DetectionAlert, WideMatch } from '@tidewaiter/detection';
import { Column, CreateDateColumn, Entity, Generated, Index, PrimaryColumn } from 'typeorm';

import { safeInteger } from '../core/columns.js';
import { Permanent, Retention } from '../core/retention.js';

export const ruleStates = ['loaded', 'refused'] as const;
export const ruleKinds = ['rule', 'correlation'] as const;

/** A rule document, loaded or refused. */
export interface ListedRule {
  state: (typeof ruleStates)[number];
  /** Null of one that was refused. */
  kind: (typeof ruleKinds)[number] | null;
  /** Null of one that was refused. */
  id: string | null;
  title: string | null;
  level: AlertLevel | null;
  status: string | null;
  author: string | null;
  license: string | null;
  tags: string[];
  /** Whether it is only a part of a correlation and raises no alerts alone. */
  isPart: boolean;
  file: string;
  line: number;
  /** Reason why it was refused. */
  reason: string | null;
}

/** A running detector. */
@Permanent('one row for each partition or replica')
@Entity('detector_replica')
export class DetectorReplicaRow {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'detector_replica_pk' }) id!: string;
  @Column('timestamptz', { name: 'alive_until' }) aliveUntil!: Date;
}

/** Lease on a part of the detector's work, which one replica at a time does. */
@Permanent('one row for each partition or replica')
@Entity('detector_lease')
export class DetectorLeaseRow {
  /** `partition/7`, `incidents` */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'detector_lease_pk' }) name!: string;
  @Column('uuid', { nullable: true }) holder!: string | null;
  @Column('bigint', { default: 0 }) token!: string;
  @Column('timestamptz', { name: 'held_until', default: () => 'now()' }) heldUntil!: Date;
  /** Holders that crashed in a row since the last snapshot. */
  @Column('integer', { default: 0 }) crashes!: number;
  /**
   * Position of the message being handled, recorded after a crash to find the one that causes it.
   */
  @Column('bigint', { nullable: true }) attempting!: string | null;
  /** Holders in a row that crashed at that message. */
  @Column('integer', { default: 0 }) attempts!: number;
  /** Commits of its holders: a restored database has fewer than a holder knows of. */
  @Column('bigint', { default: 0 }) commits!: string;
}

/** Snapshot of the state of a lease's holder, as of a position in its stream. */
@Permanent('one row for each partition or replica')
@Entity('detector_snapshot')
export class DetectorSnapshotRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'detector_snapshot_pk' }) name!: string;
  /** Name of the codec that can read `state`. */
  @Column('text') format!: string;
  /** Life of the stream that the position is in. */
  @Column('text', { nullable: true }) life!: string | null;
  @Column('bigint') position!: string;
  @Column('bytea') state!: Buffer;
  @CreateDateColumn({ name: 'taken_at', type: 'timestamptz' }) takenAt!: Date;
}

/** One rule that matched. Only the detector writes it. */
@Retention({ days: 30, since: 'created_at', pace: 'hourly', where: 'turn IS NOT NULL' })
@Entity('detection_alert')
@Index('detection_alert_waiting_ix', ['number'], { where: 'turn IS NULL' })
@Index('detection_alert_turn_ix', ['turn', 'number'], { where: 'turn IS NOT NULL' })
@Index('detection_alert_revises_ix', { synchronize: false })
export class DetectionAlertRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'detection_alert_pk' }) id!: string;
  @Index('detection_alert_number_ux', { unique: true })
  @Column('bigint')
  @Generated('increment')
  number!: string;
  /** Title of the rule. */
  @Column('text') rule!: string;
  @Column('text') severity!: AlertLevel;
  @Column('jsonb') alert!: DetectionAlert;
  @Index('detection_alert_incident_ix')
  @Column('uuid', { name: 'incident_id', nullable: true })
  incidentId!: string | null;
  /** Turn in which the builder took it; null before. */
  @Column('bigint', { nullable: true, transformer: safeInteger }) turn!: number | null;
  @Index('detection_alert_age_ix')
  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;
}

/** A match that correlations over several partitions are made of. Only the detector writes it. */
@Permanent('until every partition has passed it')
@Entity('detection_match')
@Index('detection_match_waiting_ix', ['number'], { where: 'turn IS NULL' })
@Index('detection_match_turn_ix', ['turn', 'number'], { where: 'turn IS NOT NULL' })
export class DetectionMatchRow {
  /** Id of the event. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'detection_match_pk' }) id!: string;
  @Index('detection_match_number_ux', { unique: true })
  @Column('bigint')
  @Generated('increment')
  number!: string;
  @Column('jsonb') match!: WideMatch;
  /** Turn in which it was taken; null before. */
  @Column('bigint', { nullable: true, transformer: safeInteger }) turn!: number | null;
}

/** A rule in use, or one that was refused. Only the detector writes it. */
@Permanent('one row for each rule')
@Entity('detection_rule')
export class DetectionRuleRow {
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'detection_rule_pk' }) number!: number;
  @Column('jsonb') rule!: ListedRule;
}
