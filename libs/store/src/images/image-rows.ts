import type { Digest, Finding, FindingKind, OsRelease, Platform } from '@tidewaiter/domain';
import type { StoredConfig } from '@tidewaiter/integrity';
import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';

import { DeletedBy, DeletedWith } from '../core/retention.js';

/** A gap in the data of a verdict. */
export interface PushWarning {
  code: string;
  path?: string | null;
  message: string;
}

/** Part of an image that a finding follows from. */
export const imageFindingSources = ['config', 'layers'] as const;

/** One image for one platform, by the digest of its manifest. */
@DeletedBy('ImageRetention.deleteImages', 'imageDays')
@Entity('image')
// Indexes on expressions, which TypeORM cannot declare: the revision and the base image that labels
// name, the distribution.
@Index('image_revision_ix', { synchronize: false })
@Index('image_base_digest_ix', { synchronize: false })
@Index('image_base_name_ix', { synchronize: false })
@Index('image_os_ix', { synchronize: false })
@Index('image_unread_ix', ['digest'], { where: "unread_layers <> '{}'" })
@Index('image_pushed_ix', ['pushedAt', 'digest'])
@Index('image_unlisted_ix', ['digest'], { where: 'hidden_contents IS NULL' })
export class ImageRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'image_pk' }) digest!: Digest;
  @Column('text', { name: 'media_type' }) mediaType!: string;
  @Column('text', { name: 'config_digest' }) configDigest!: Digest;
  @Column('text') platform!: Platform;
  @Column('timestamptz', { name: 'created_at', nullable: true }) createdAt!: Date | null;
  /** Creation time of its lowest layer, if its history is plausible. */
  @Column('timestamptz', { name: 'base_created_at', nullable: true }) baseCreatedAt!: Date | null;
  /** User that it runs as; empty for root, null for images older than this column. */
  @Column('text', { name: 'run_user', nullable: true }) user!: string | null;
  @Column('jsonb') labels!: Record<string, string>;
  /** Configuration without possible secrets; null for images older than this column. */
  @Column('jsonb', { nullable: true }) config!: StoredConfig | null;
  @Column('jsonb', { nullable: true }) os!: OsRelease | null;
  @Column('jsonb', { default: [] }) warnings!: PushWarning[];
  /** Version of the evaluation of its config; null if it was never evaluated. */
  @Column('text', { name: 'config_version', nullable: true }) configVersion!: string | null;
  /** Kinds of findings that were not evaluated. */
  @Column('text', { name: 'not_evaluated', array: true, default: [] }) notEvaluated!: FindingKind[];
  /** Version of the analyzers; null until the image is analyzed. */
  @Column('text', { name: 'analyzers_version', nullable: true }) analyzersVersion!: string | null;
  /** Indexes of the layers that could not be read when it was analyzed. */
  @Column('integer', { name: 'unread_layers', array: true, default: [] }) unreadLayers!: number[];
  @Column('timestamptz', { name: 'analyzed_at', nullable: true }) analyzedAt!: Date | null;
  /** Newest push that brought it, and its receipt; a trigger on `push_image` sets both. */
  @Column('uuid', { name: 'newest_push_id', nullable: true }) newestPushId!: string | null;
  @Column('timestamptz', { name: 'pushed_at', nullable: true }) pushedAt!: Date | null;
  /**
   * Keys of contents that its layers have and no visible file has; null until it can be found by
   * the contents of its layers.
   */
  @Column('bigint', { name: 'hidden_contents', array: true, nullable: true }) hiddenContents!: string[] | null;
}

/** A finding that follows from an image alone. */
@DeletedWith(() => ImageRow)
@Entity('image_finding')
// On expressions, the fingerprints of secrets' values, which TypeORM cannot declare.
@Index('image_finding_value_ix', { synchronize: false })
@Index('image_finding_values_ix', { synchronize: false })
@Index('image_finding_secret_ix', ['imageDigest'], { where: "(finding ->> 'kind'::text) = 'secret'::text" })
export class ImageFindingRow {
  @PrimaryColumn('text', { name: 'image_digest', primaryKeyConstraintName: 'image_finding_pk' }) imageDigest!: Digest;
  @ManyToOne(() => ImageRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'image_digest', foreignKeyConstraintName: 'image_finding_image_fk' })
  image?: Relation<ImageRow>;
  @PrimaryColumn('text', { primaryKeyConstraintName: 'image_finding_pk' }) fingerprint!: string;
  @PrimaryColumn('text', { primaryKeyConstraintName: 'image_finding_pk' })
  source!: (typeof imageFindingSources)[number];
  @Column('jsonb') finding!: Finding;
}
