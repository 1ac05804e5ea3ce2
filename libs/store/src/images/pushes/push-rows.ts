import type { Baseline, Digest, Finding, SeverityCounts, Verdict } from '@tidewaiter/domain';
import type { PushChanges } from '@tidewaiter/integrity';
import {
  Column,
  CreateDateColumn,
  Entity,
  Index,
  JoinColumn,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
} from 'typeorm';

import { DeletedBy, DeletedWith } from '../../core/retention.js';
import { ImageRow, type PushWarning } from '../image-rows.js';

/**
 * Origin of a push: announced by its registry, found by reconciliation, or present when the
 * registry was connected.
 */
export const pushOrigins = ['hook', 'reconciled', 'imported'] as const;

export type PushOrigin = (typeof pushOrigins)[number];

/**
 * Final states of pushes. `not-an-image`: a signature, an attestation, a chart; left out of lists
 * and counts.
 */
export const finalPushStates = ['analyzed', 'not-an-image', 'refused', 'dead-lettered'] as const;

/** `accepted`, `analyzing`, then exactly one of the final states. */
export const pushStates = ['accepted', 'analyzing', ...finalPushStates] as const;

export type PushState = (typeof pushStates)[number];

/**
 * One push that a registry announced or reconciliation found. Ingest writes it, the scanner ends
 * it.
 */
@DeletedBy('ImageRetention.deletePushes', 'pushDays')
@Entity('push')
@Index('push_tag_ix', ['repository', 'tag', 'receivedAt'])
@Index('push_received_ix', ['receivedAt', 'id'])
@Index('push_repository_ix', ['connection', 'repository', 'receivedAt', 'id'], {
  where: "((state <> 'not-an-image'::text) AND ((state <> 'accepted'::text) OR (artifact = 'image'::text)))",
})
@Index('push_refused_ix', ['receivedAt'], { where: "state = 'refused'" })
@Index('push_analyzing_ix', ['receivedAt'], { where: "state = 'analyzing'" })
// GIN, which TypeORM cannot declare.
@Index('push_warnings_ix', { synchronize: false })
export class PushRow {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'push_pk' }) id!: string;
  @Column('text') connection!: string;
  @Column('text') repository!: string;
  @Column('text', { nullable: true }) tag!: string | null;
  /** Digest in the webhook; a hint until the registry confirms it. */
  @Column('text', { name: 'claimed_digest', nullable: true }) claimedDigest!: Digest | null;
  @Column('text') artifact!: string;
  @Column('text', { default: 'hook' }) origin!: PushOrigin;
  @Column('text', { name: 'attached_to', nullable: true }) attachedTo!: Digest | null;
  @Column('text', { name: 'pushed_by', nullable: true }) pushedBy!: string | null;
  @Column('timestamptz', { name: 'pushed_at', nullable: true }) pushedAt!: Date | null;
  @CreateDateColumn({ name: 'received_at', type: 'timestamptz' }) receivedAt!: Date;
  @Column('text', { default: 'accepted' }) state!: PushState;
  @Index('push_registry_host_ix')
  @Column('text', { name: 'registry_host', nullable: true })
  registryHost!: string | null;
  @Index('push_digest_ix')
  @Column('text', { nullable: true })
  digest!: Digest | null;
  @Column('text', { name: 'media_type', nullable: true }) mediaType!: string | null;
  /** Digest that its tag pointed to before. */
  @Column('text', { name: 'previous_digest', nullable: true }) previousDigest!: Digest | null;
  /**
   * Whether it arrived after the push that replaced it was analyzed: the tag never points to it
   * again.
   */
  @Column('boolean', { name: 'is_late', default: false }) isLate!: boolean;
  /**
   * Baseline of the push with its reason; null if there was none, and for pushes older than this
   * column.
   */
  @Column('jsonb', { name: 'compared_with', nullable: true }) comparedWith!: Baseline | null;
  /** Until when its missing signature is not announced; null where none is awaited. */
  @Column('timestamptz', { name: 'signature_due_at', nullable: true }) signatureDueAt!: Date | null;
  /** Supply-chain findings that were announced; null where it was never analyzed. */
  @Column('jsonb', { nullable: true }) announced!: Finding[] | null;
  @Column('text', { nullable: true }) verdict!: Verdict | null;
  @Column('jsonb', { nullable: true }) counts!: SeverityCounts | null;
  /** Gaps in the data of its verdict; a hostile image may cause thousands. */
  @Column('jsonb', { nullable: true }) warnings!: PushWarning[] | null;
  @Column('text', { name: 'rules_version', default: '' }) rulesVersion!: string;
  /** Version of the signers of its repository; empty without signers. */
  @Column('text', { name: 'signers_version', default: '' }) signersVersion!: string;
  /** Code and reason of its last failure, also while it is tried again. */
  @Column('text', { nullable: true }) code!: string | null;
  @Column('text', { nullable: true }) reason!: string | null;
  /** Versions and limits under which it was last refused. */
  @Column('text', { name: 'refused_by', nullable: true }) refusedBy!: string | null;
  @Column('timestamptz', { name: 'finished_at', nullable: true }) finishedAt!: Date | null;
}

/** Changes of a push against the image that its tag pointed to before. */
@DeletedWith(() => PushRow)
@Entity('push_change')
export class PushChangeRow {
  @PrimaryColumn('uuid', { name: 'push_id', primaryKeyConstraintName: 'push_change_pk' }) pushId!: string;
  @ManyToOne(() => PushRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'push_id', foreignKeyConstraintName: 'push_change_push_fk' })
  push?: Relation<PushRow>;
  @Column('jsonb') changes!: PushChanges;
}

/** An image of a push: the only one, or one for each platform of an index. */
@DeletedWith(() => PushRow)
@Entity('push_image')
@Index('push_image_image_ix', ['imageDigest', 'pushId'])
export class PushImageRow {
  @PrimaryColumn('uuid', { name: 'push_id', primaryKeyConstraintName: 'push_image_pk' }) pushId!: string;
  @ManyToOne(() => PushRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'push_id', foreignKeyConstraintName: 'push_image_push_fk' })
  push?: Relation<PushRow>;
  @PrimaryColumn('text', { name: 'image_digest', primaryKeyConstraintName: 'push_image_pk' })
  imageDigest!: Digest;
  @ManyToOne(() => ImageRow)
  @JoinColumn({ name: 'image_digest', foreignKeyConstraintName: 'push_image_image_fk' })
  image?: Relation<ImageRow>;
}

/**
 * Digests that a tag pointed to, in the order of its registry, ending with what the registry has
 * now.
 */
@DeletedBy('ImageRetention.deletePushes', 'pushDays')
@Entity('tag_ledger')
@Index('tag_ledger_tag_ix', ['connection', 'repository', 'tag', 'position'])
@Index('tag_ledger_at_ix', ['connection', 'repository', 'at'])
@Index('tag_ledger_seen_ix', ['pushId'], { where: 'is_seen' })
export class TagLedgerRow {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'BY DEFAULT',
    primaryKeyConstraintName: 'tag_ledger_pk',
  })
  id!: string;
  @Column('text') connection!: string;
  @Column('text') repository!: string;
  @Index('tag_ledger_name_ix')
  @Column('text')
  tag!: string;
  /** Null where the tag was deleted. */
  @Index('tag_ledger_digest_ix')
  @Column('text', { nullable: true })
  digest!: Digest | null;
  /**
   * Push that brought the digest; of a seen entry the last one that did, null where none is known.
   */
  @Index('tag_ledger_push_ix')
  @Index('tag_ledger_push_ux', { unique: true, where: 'NOT is_seen' })
  @Column('uuid', { name: 'push_id', nullable: true })
  pushId!: string | null;
  @ManyToOne(() => PushRow)
  @JoinColumn({ name: 'push_id', foreignKeyConstraintName: 'tag_ledger_push_fk' })
  push?: Relation<PushRow>;
  @Column('text', { nullable: true }) actor!: string | null;
  @Column('timestamptz') at!: Date;
  @CreateDateColumn({ name: 'recorded_at', type: 'timestamptz' }) recordedAt!: Date;
  /** Orders the entries of a tag. */
  @Column('integer') position!: number;
  /** Whether the registry was seen with this digest, without the push that brought it. */
  @Column('boolean', { name: 'is_seen', default: false }) isSeen!: boolean;
  /** When the registry last confirmed that the tag points to this; of the last entry only. */
  @Column('timestamptz', { name: 'confirmed_at', nullable: true }) confirmedAt!: Date | null;
}
