import type { Digest, ObjectFinding, Severity } from '@tidewaiter/domain';
import type { LearnedHabit } from '@tidewaiter/facts';
import type { ContainerKind, Override } from '@tidewaiter/workloads';
import {
  Column,
  Entity,
  Index,
  JoinColumn,
  OneToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
} from 'typeorm';

import { DeletedBy, Retention } from '../core/retention.js';
import { ImageRow } from '../images/image-rows.js';

/** How a package was seen in use. */
export const packageUseKinds = ['executed', 'loaded'] as const;

/** A container with its image, pod, workload and times. The detector writes it. */
@Retention({ days: 'workloadDays', since: 'last_seen', pace: 'hourly' })
@Entity('container_ledger')
export class ContainerLedgerRow {
  /** Longest known form: some sensors report only a prefix. */
  @PrimaryColumn('text', { name: 'container_id', primaryKeyConstraintName: 'container_ledger_pk' })
  containerId!: string;
  /** Empty if no source names one. */
  @Column('text', { default: '' }) cluster!: string;
  @Column('text', { nullable: true }) node!: string | null;
  @Column('text', { nullable: true }) namespace!: string | null;
  @Column('text', { nullable: true }) pod!: string | null;
  @Column('text', { name: 'pod_uid', nullable: true }) podUid!: string | null;
  @Column('text', { nullable: true }) name!: string | null;
  @Column('text', { nullable: true }) kind!: ContainerKind | null;
  @Column('text', { name: 'workload_kind', nullable: true }) workloadKind!: string | null;
  @Column('text', { nullable: true }) workload!: string | null;
  @Column('text', { name: 'service_account', nullable: true }) serviceAccount!: string | null;
  /** Running manifest; not always one that was scanned. */
  @Index('container_ledger_image_ix')
  @Column('text', { name: 'image_digest', nullable: true })
  imageDigest!: Digest | null;
  @Column('text', { name: 'claimed_digests', array: true }) claimedDigests!: Digest[];
  @Column('text', { nullable: true }) repository!: string | null;
  @Column('text', { nullable: true }) tag!: string | null;
  @Column('boolean', { nullable: true }) privileged!: boolean | null;
  /** Image settings that its pod overrides: `command`, `args`. */
  @Column('text', { array: true, nullable: true }) overrides!: Override[] | null;
  @Column('timestamptz', { name: 'started_at', nullable: true }) startedAt!: Date | null;
  @Column('timestamptz', { name: 'ended_at', nullable: true }) endedAt!: Date | null;
  @Column('timestamptz', { name: 'first_seen' }) firstSeen!: Date;
  @Index('container_ledger_seen_ix')
  @Column('timestamptz', { name: 'last_seen' })
  lastSeen!: Date;
}

/** A workload that seldom changes is not updated for long, although it runs. */
const withoutContainers = `NOT EXISTS (SELECT FROM container_ledger AS ledger
  WHERE (ledger.cluster, ledger.namespace, ledger.workload_kind, ledger.workload)
    = (workload.cluster, workload.namespace, workload.kind, workload.name))`;

/** Properties of a workload, from its pods and the services that lead to them. */
@Retention({ days: 'workloadDays', since: 'seen_at', pace: 'hourly', where: withoutContainers })
@Entity('workload')
export class WorkloadRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'workload_pk' }) cluster!: string;
  @PrimaryColumn('text', { primaryKeyConstraintName: 'workload_pk' }) namespace!: string;
  @PrimaryColumn('text', { primaryKeyConstraintName: 'workload_pk' }) kind!: string;
  @PrimaryColumn('text', { primaryKeyConstraintName: 'workload_pk' }) name!: string;
  @Column('jsonb', { name: 'namespace_labels' }) namespaceLabels!: Record<string, string>;
  @Column('boolean', { nullable: true }) exposed!: boolean | null;
  @Column('boolean', { nullable: true }) privileged!: boolean | null;
  @Column('text', { name: 'service_account', nullable: true }) serviceAccount!: string | null;
  @Column('integer') replicas!: number;
  @Column('text', { array: true }) probes!: string[];
  @Index('workload_seen_ix')
  @Column('timestamptz', { name: 'seen_at' })
  seenAt!: Date;
}

/**
 * Last state of an object of Kubernetes that runs pods, with the outcome of the checks. The
 * detector writes it.
 */
@DeletedBy('WorkloadFindings.forget', 'workloadDays')
@Entity('workload_object')
// The primary key starts with the name, since the planner would confuse indexes with a common
// prefix.
@Index('workload_object_workload_ix', ['workload', 'workloadKind', 'namespace', 'cluster'])
export class WorkloadObjectRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'workload_object_pk' }) name!: string;
  @PrimaryColumn('text', { primaryKeyConstraintName: 'workload_object_pk' }) kind!: string;
  @PrimaryColumn('text', { primaryKeyConstraintName: 'workload_object_pk' }) namespace!: string;
  /** Empty if no source names one. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'workload_object_pk' }) cluster!: string;
  /** Workload that its findings belong to. */
  @Column('text', { name: 'workload_kind' }) workloadKind!: string;
  @Column('text') workload!: string;
  /** `resourceVersion`; null where the source had none. */
  @Column('bigint', { nullable: true }) version!: string | null;
  @Column('timestamptz', { name: 'changed_at' }) changedAt!: Date;
  @Index('workload_object_seen_ix')
  @Column('timestamptz', { name: 'seen_at' })
  seenAt!: Date;
  @Column('boolean', { name: 'is_gone' }) isGone!: boolean;
  /** Hash over the findings. */
  @Column('text') evaluation!: string;
  @Column('jsonb') findings!: ObjectFinding[];
}

/** A misconfiguration of a workload, once for all of its replicas. The detector writes it. */
@DeletedBy('WorkloadFindings.forget', 'workloadDays')
@Entity('workload_finding')
@Index('workload_finding_place_ix', ['cluster', 'namespace', 'kind', 'name', 'fingerprint'], { unique: true })
@Index('workload_finding_open_ix', ['severity', 'id'], { where: 'ended_at IS NULL' })
export class WorkloadFindingRow {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'workload_finding_pk',
  })
  id!: string;
  @Column('text') cluster!: string;
  @Column('text') namespace!: string;
  @Column('text') kind!: string;
  @Column('text') name!: string;
  @Column('text') fingerprint!: string;
  @Column('text', { name: 'check_id' }) check!: string;
  @Column('text') severity!: Severity;
  @Column('text') title!: string;
  /** Null where it is about the pod or the object. */
  @Column('text', { nullable: true }) container!: string | null;
  @Column('text', { nullable: true }) field!: string | null;
  @Column('timestamptz', { name: 'first_seen' }) firstSeen!: Date;
  @Column('timestamptz', { name: 'last_seen' }) lastSeen!: Date;
  @Index('workload_finding_ended_ix', { where: 'ended_at IS NOT NULL' })
  @Column('timestamptz', { name: 'ended_at', nullable: true })
  endedAt!: Date | null;
}

/**
 * Entries of an image whose files are merged again where they are asked for: 300,000 take two
 * thirds of a second. The scanner merges larger ones, in a thread; a detector would stop for
 * seconds.
 */
export const maxMergedEntries = 300_000;

/**
 * The files of an image, as `packManifest` of libs/facts packs them, compressed. They follow from
 * its layers: rows of images that do not run are deleted soon, but for large ones.
 */
@Retention({
  days: 1,
  since: 'stored_at',
  pace: 'hourly',
  where: `(SELECT coalesce(sum(entry_count), 0) FROM image_layer JOIN layer_blob USING (blob_digest, size_bytes, diff_id) JOIN layer USING (diff_id)
      WHERE image_layer.image_digest = image_manifest.image_digest) <= ${maxMergedEntries}
    AND EXISTS (SELECT FROM image WHERE image.digest = image_manifest.image_digest AND hidden_contents IS NOT NULL)
    AND NOT EXISTS (SELECT FROM container_ledger WHERE container_ledger.image_digest = image_manifest.image_digest)`,
})
@Entity('image_manifest')
// GIN, which TypeORM cannot declare.
@Index('image_manifest_contents_ix', { synchronize: false })
@Index('image_manifest_unfilled_ix', ['imageDigest'], { where: 'contents IS NULL' })
export class ImageManifestRow {
  @PrimaryColumn('text', { name: 'image_digest', primaryKeyConstraintName: 'image_manifest_pk' }) imageDigest!: Digest;
  @OneToOne(() => ImageRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'image_digest', foreignKeyConstraintName: 'image_manifest_image_fk' })
  image?: Relation<ImageRow>;
  @Column('bytea') files!: Buffer;
  /**
   * Search keys of an image that cannot be found by its layers: eight bytes of the SHA-256 of each
   * file; null until the row is indexed.
   */
  @Column('bigint', { array: true, nullable: true }) contents!: string[] | null;
  @Column('timestamptz', { name: 'stored_at', default: () => 'now()' }) storedAt!: Date;
}

/** A package of an image that was seen to be executed or loaded. */
@Retention({
  days: 'workloadDays',
  since: 'last_seen',
  pace: 'hourly',
  where: 'NOT EXISTS (SELECT FROM image WHERE image.digest = package_use.image_digest)',
})
@Entity('package_use')
export class PackageUseRow {
  @PrimaryColumn('text', { name: 'image_digest', primaryKeyConstraintName: 'package_use_pk' }) imageDigest!: Digest;
  @PrimaryColumn('text', { primaryKeyConstraintName: 'package_use_pk' }) package!: string;
  @PrimaryColumn('text', { primaryKeyConstraintName: 'package_use_pk' }) how!: (typeof packageUseKinds)[number];
  @Column('timestamptz', { name: 'first_seen' }) firstSeen!: Date;
  @Column('timestamptz', { name: 'last_seen' }) lastSeen!: Date;
}

/** Observed behavior of an image, an identity or a cluster. */
@Retention({ days: 'habitDays', since: 'last_seen', pace: 'hourly' })
@Entity('learned_habit')
export class LearnedHabitRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'learned_habit_pk' }) kind!: LearnedHabit['kind'];
  @PrimaryColumn('text', { primaryKeyConstraintName: 'learned_habit_pk' }) subject!: string;
  @PrimaryColumn('text', { primaryKeyConstraintName: 'learned_habit_pk' }) value!: string;
  @Column('timestamptz', { name: 'first_seen' }) firstSeen!: Date;
  @Index('learned_habit_seen_ix')
  @Column('timestamptz', { name: 'last_seen' })
  lastSeen!: Date;
}
