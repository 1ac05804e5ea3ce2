import type { AttestedVex, Digest, Finding, Provenance } from '@tidewaiter/domain';
import type { PushIdentity } from '@tidewaiter/provenance';
import { Column, CreateDateColumn, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';

import { DeletedWith } from '../../core/retention.js';
import { ImageRow, type PushWarning } from '../image-rows.js';
import { PushRow } from './push-rows.js';

/** Signatures and attestations of an image in a repository. Only the scanner writes it. */
@DeletedWith(() => ImageRow)
@Entity('image_provenance')
// GIN, which TypeORM cannot declare.
@Index('image_provenance_signatures_ix', { synchronize: false })
@Index('image_provenance_attestations_ix', { synchronize: false })
@Index('image_provenance_vex_ix', { synchronize: false })
export class ImageProvenanceRow {
  @PrimaryColumn('text', { name: 'image_digest', primaryKeyConstraintName: 'image_provenance_pk' })
  imageDigest!: Digest;
  @ManyToOne(() => ImageRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'image_digest', foreignKeyConstraintName: 'image_provenance_image_fk' })
  image?: Relation<ImageRow>;
  @PrimaryColumn('text', { primaryKeyConstraintName: 'image_provenance_pk' }) connection!: string;
  @PrimaryColumn('text', { primaryKeyConstraintName: 'image_provenance_pk' }) repository!: string;
  @Column('jsonb') signatures!: Provenance['signatures'];
  @Column('jsonb') attestations!: Provenance['attestations'];
  /** OpenVEX documents that a trusted signer vouches for. */
  @Column('jsonb') vex!: AttestedVex[];
  /** Documents that could not be read. */
  @Column('jsonb') warnings!: PushWarning[];
  /** Commit of the sources, from verified provenance. */
  @Index('image_provenance_revision_ix')
  @Column('text', { nullable: true })
  revision!: string | null;
  @CreateDateColumn({ name: 'checked_at', type: 'timestamptz' }) checkedAt!: Date;
}

/** A finding about an image that depends on its repository. */
@DeletedWith(() => ImageRow)
@Entity('repository_finding')
@Index('repository_finding_file_outlier_ix', { synchronize: false })
export class RepositoryFindingRow {
  @PrimaryColumn('text', { name: 'image_digest', primaryKeyConstraintName: 'repository_finding_pk' })
  imageDigest!: Digest;
  @ManyToOne(() => ImageRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'image_digest', foreignKeyConstraintName: 'repository_finding_image_fk' })
  image?: Relation<ImageRow>;
  @PrimaryColumn('text', { primaryKeyConstraintName: 'repository_finding_pk' }) connection!: string;
  @PrimaryColumn('text', { primaryKeyConstraintName: 'repository_finding_pk' }) repository!: string;
  @PrimaryColumn('text', { primaryKeyConstraintName: 'repository_finding_pk' }) fingerprint!: string;
  @Column('jsonb') finding!: Finding;
  /** Tag that it is about; null if it holds for all tags of the image. */
  @Column('text', { nullable: true }) tag!: string | null;
}

/**
 * Pusher, signers and builders of a push under a tag. Only the scanner writes it, except for the
 * outcome of its alarms.
 */
@DeletedWith(() => PushRow)
@Entity('push_identity')
@Index('push_identity_repository_ix', ['connection', 'repository', 'at'])
@Index('push_identity_actor_ix', ['connection', 'pushedBy', 'at'], { where: "signs <> '{}'" })
@Index('push_identity_waiting_ix', ['at'], { where: "signs <> '{}' AND settled_at IS NULL" })
export class PushIdentityRow {
  @PrimaryColumn('uuid', { name: 'push_id', primaryKeyConstraintName: 'push_identity_pk' }) pushId!: string;
  @ManyToOne(() => PushRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'push_id', foreignKeyConstraintName: 'push_identity_push_fk' })
  push?: Relation<PushRow>;
  @Column('text') connection!: string;
  @Column('text') repository!: string;
  @Column('text') tag!: string;
  @Index('push_identity_digest_ix')
  @Column('text')
  digest!: Digest;
  @Column('text', { name: 'pushed_by', nullable: true }) pushedBy!: string | null;
  /** Whether the tag looks like a version: versions and other tags have habits of their own. */
  @Column('boolean', { name: 'is_version' }) isVersion!: boolean;
  @Column('timestamptz') at!: Date;
  @Column('jsonb') identity!: PushIdentity;
  @Column('jsonb', { default: [] }) warnings!: PushWarning[];
  /** Ids of the supply-chain findings of the push. */
  @Column('text', { array: true, default: [] }) signs!: string[];
  /** Time when the detector had evaluated its signs; null before. */
  @Column('timestamptz', { name: 'settled_at', nullable: true }) settledAt!: Date | null;
  /** Whether an incident reports it in place of a message about the push. */
  @Column('boolean', { name: 'is_in_incident', default: false }) isInIncident!: boolean;
}
