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

/** One push that a registry announced or reconciliation found. Ingest writes it, the scanner ends it. */
@Entity('push')
@Index('push_tag_ix', ['repository', 'tag', 'receivedAt'])
@Index('push_analyzing_ix', ['receivedAt'], { where: "state = 'analyzing'" })
// GIN, which TypeORM cannot declare.
@Index('push_warnings_ix', { synchronize: false })
export class PushRow {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'push_pk' }) id!: string;
  @Column('text') connection!: string;
  @Column('text') repository!: string;
  @Column('text', { nullable: true }) tag!: string | null;
  /** Digest in the webhook; a hint until the registry confirms it. */
  @Column('text', { name: 'claimed_digest', nullable: true }) claimedDigest!: string | null;
  @Column('text') artifact!: string;
  /** `told`: by a webhook; `missed`: found by reconciliation; `imported`: when the registry was connected. */
  @Column('text', { default: 'hook' }) origin!: string;
  @Column('text', { name: 'attached_to', nullable: true }) attachedTo!: string | null;
  @Column('text', { name: 'pushed_by', nullable: true }) pushedBy!: string | null;
  @Column('timestamptz', { name: 'pushed_at', nullable: true }) pushedAt!: Date | null;
  @CreateDateColumn({ name: 'received_at', type: 'timestamptz' }) receivedAt!: Date;
  /** `accepted`, `analyzing`, then exactly one of `analyzed`, `not-an-image`, `refused`, `dead-lettered`. */
  @Column('text', { default: 'accepted' }) state!: string;
  @Index('push_registry_host_ix')
  @Column('text', { name: 'registry_host', nullable: true })
  registryHost!: string | null;
  @Index('push_digest_ix')
  @Column('text', { nullable: true })
  digest!: string | null;
  @Column('text', { name: 'media_type', nullable: true }) mediaType!: string | null;
  @Column('text', { name: 'previous_digest', nullable: true }) previousDigest!: string | null;
  /** Whether it arrived after the push that replaced it was analyzed. */
  @Column('boolean', { name: 'is_late', default: false }) isLate!: boolean;
  /** Baseline of the push with its reason; null if there was none, and for pushes older than this column. */
  @Column('jsonb', { name: 'compared_with', nullable: true }) comparedWith!: unknown;
  /** Until when its missing signature is not announced; null where none is awaited. */
  @Column('timestamptz', { name: 'signature_due_at', nullable: true }) signatureDueAt!: Date | null;
  /** Supply-chain findings that were announced; null where it was never analyzed. */
  @Column('jsonb', { nullable: true }) announced!: unknown;
  @Column('text', { nullable: true }) verdict!: string | null;
  @Column('jsonb', { nullable: true }) counts!: unknown;
  @Column('jsonb', { nullable: true }) warnings!: unknown;
  @Column('text', { name: 'rules_version', default: '' }) rulesVersion!: string;
  @Column('text', { nullable: true }) code!: string | null;
  @Column('text', { nullable: true }) reason!: string | null;
  @Column('timestamptz', { name: 'finished_at', nullable: true }) finishedAt!: Date | null;
}

/** Changes of a push against the image that its tag pointed to before. */
@Entity('push_change')
export class PushChangeRow {
  @PrimaryColumn('uuid', { name: 'push_id', primaryKeyConstraintName: 'push_change_pk' }) pushId!: string;
  @ManyToOne(() => PushRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'push_id', foreignKeyConstraintName: 'push_change_push_fk' })
  push?: Relation<PushRow>;
  @Column('jsonb') changes!: unknown;
}

/** Digests that a tag pointed to, in the order of its registry, ending with what the registry has now. */
@Entity('tag_ledger')
@Index('tag_ledger_tag_ix', ['connection', 'repository', 'tag', 'position'])
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
  @Column('text') tag!: string;
  /** Null where the tag was deleted. */
  @Index('tag_ledger_digest_ix')
  @Column('text', { nullable: true })
  digest!: string | null;
  /** Push that brought the digest; of a seen entry the last one that did, null where none is known. */
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

/** One image for one platform, by the digest of its manifest. */
@Entity('image')
// Indexes on expressions, which TypeORM cannot declare: the revision and the base image that labels name, the distribution.
@Index('image_revision_ix', { synchronize: false })
@Index('image_base_digest_ix', { synchronize: false })
@Index('image_base_name_ix', { synchronize: false })
@Index('image_os_ix', { synchronize: false })
@Index('image_unread_ix', ['digest'], { where: "unread_layers <> '{}'" })
export class ImageRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'image_pk' }) digest!: string;
  @Column('text', { name: 'media_type' }) mediaType!: string;
  @Column('text', { name: 'config_digest' }) configDigest!: string;
  @Column('text') platform!: string;
  @Column('timestamptz', { name: 'created_at', nullable: true }) createdAt!: Date | null;
  @Column('timestamptz', { name: 'base_created_at', nullable: true }) baseCreatedAt!: Date | null;
  @Column('text', { name: 'run_user', nullable: true }) user!: string | null;
  @Column('jsonb') labels!: unknown;
  /** Configuration without possible secrets; null for images older than this column. */
  @Column('jsonb', { nullable: true }) config!: unknown;
  @Column('jsonb', { nullable: true }) os!: unknown;
  @Column('jsonb', { default: [] }) warnings!: unknown;
  /** Version of the evaluation of its config; null if it was never evaluated. */
  @Column('text', { name: 'config_version', nullable: true }) configVersion!: string | null;
  /** Kinds of findings that were not evaluated. */
  @Column('text', { name: 'not_evaluated', array: true, default: [] }) notEvaluated!: string[];
  /** Version of the analyzers; null until the image is analyzed. */
  @Column('text', { name: 'analyzers_version', nullable: true }) analyzersVersion!: string | null;
  /** Indexes of the layers that could not be read when it was analyzed. */
  @Column('integer', { name: 'unread_layers', array: true, default: [] }) unreadLayers!: number[];
  @Column('timestamptz', { name: 'analyzed_at', nullable: true }) analyzedAt!: Date | null;
}

/** A finding that follows from an image alone. */
@Entity('image_finding')
// On an expression, the fingerprint of a secret's value, which TypeORM cannot declare.
@Index('image_finding_value_ix', { synchronize: false })
export class ImageFindingRow {
  @PrimaryColumn('text', { name: 'image_digest', primaryKeyConstraintName: 'image_finding_pk' }) imageDigest!: string;
  @ManyToOne(() => ImageRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'image_digest', foreignKeyConstraintName: 'image_finding_image_fk' })
  image?: Relation<ImageRow>;
  @PrimaryColumn('text', { primaryKeyConstraintName: 'image_finding_pk' }) fingerprint!: string;
  /** `config` or `layers`. */
  @Column('text') source!: string;
  @Column('jsonb') finding!: unknown;
}

/** An image of a push: the only one, or one for each platform of an index. */
@Entity('push_image')
export class PushImageRow {
  @PrimaryColumn('uuid', { name: 'push_id', primaryKeyConstraintName: 'push_image_pk' }) pushId!: string;
  @ManyToOne(() => PushRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'push_id', foreignKeyConstraintName: 'push_image_push_fk' })
  push?: Relation<PushRow>;
  @Index('push_image_image_ix')
  @PrimaryColumn('text', { name: 'image_digest', primaryKeyConstraintName: 'push_image_pk' })
  imageDigest!: string;
  @ManyToOne(() => ImageRow)
  @JoinColumn({ name: 'image_digest', foreignKeyConstraintName: 'push_image_image_fk' })
  image?: Relation<ImageRow>;
}

/** One layer of the fleet, analyzed once for all images that share it. */
@Entity('layer')
// GIN, which TypeORM cannot declare.
@Index('layer_path_keys_ix', { synchronize: false })
@Index('layer_unindexed_ix', ['diffId'], { where: 'path_keys IS NULL' })
export class LayerRow {
  @PrimaryColumn('text', { name: 'diff_id', primaryKeyConstraintName: 'layer_pk' }) diffId!: string;
  @Column('text', { name: 'analyzers_version' }) analyzersVersion!: string;
  /** Facts from the files of the layer, compressed. */
  @Column('bytea') facts!: Buffer;
  /** Every entry of the layer's tar, compressed. */
  @Column('bytea') entries!: Buffer;
  @Column('integer', { name: 'entry_count' }) entryCount!: number;
  @Column('bigint', { name: 'uncompressed_bytes' }) uncompressedBytes!: string;
  @CreateDateColumn({ name: 'analyzed_at', type: 'timestamptz' }) analyzedAt!: Date;
  /** Keys of its paths, `pathKeyOf` of the layer paths; null until they are indexed. */
  @Column('bigint', { name: 'path_keys', array: true, nullable: true }) pathKeys!: string[] | null;
}

/** A blob that was read and found to be of this size and to unpack to this layer. */
@Entity('layer_blob')
export class LayerBlobRow {
  @PrimaryColumn('text', { name: 'blob_digest', primaryKeyConstraintName: 'layer_blob_pk' }) blobDigest!: string;
  @PrimaryColumn('bigint', { name: 'size_bytes', primaryKeyConstraintName: 'layer_blob_pk' }) sizeBytes!: string;
  @PrimaryColumn('text', { name: 'diff_id', primaryKeyConstraintName: 'layer_blob_pk' }) diffId!: string;
  @ManyToOne(() => LayerRow)
  @JoinColumn({ name: 'diff_id', foreignKeyConstraintName: 'layer_blob_layer_fk' })
  layer?: Relation<LayerRow>;
}

/**
 * A layer that could not be read from one repository, or not as announced, at the last attempt. The
 * failure is specific to the repository: even a limit may have been reached by bytes that are not
 * those of the blob. Deleted when the layer is read from any repository.
 */
@Entity('layer_failure')
@Index('layer_failure_repository_ix', ['connection', 'repository'])
export class LayerFailureRow {
  @PrimaryColumn('text', { name: 'blob_digest', primaryKeyConstraintName: 'layer_failure_pk' }) blobDigest!: string;
  @PrimaryColumn('bigint', { name: 'size_bytes', primaryKeyConstraintName: 'layer_failure_pk' }) sizeBytes!: string;
  @PrimaryColumn('text', { name: 'diff_id', primaryKeyConstraintName: 'layer_failure_pk' }) diffId!: string;
  @PrimaryColumn('text', { primaryKeyConstraintName: 'layer_failure_pk' }) connection!: string;
  @PrimaryColumn('text', { primaryKeyConstraintName: 'layer_failure_pk' }) repository!: string;
  @Column('text') code!: string;
  /** Name of the limit that was reached. */
  @Column('text', { name: 'limit_name', nullable: true }) limit!: string | null;
  @Column('text') reason!: string;
  /** Analyzers and limits of the attempt; others may be able to read it. */
  @Column('text') reader!: string;
  @Column('timestamptz', { name: 'failed_at', default: () => 'now()' }) failedAt!: Date;
}

/** The layers of an image, from the bottom. */
@Entity('image_layer')
export class ImageLayerRow {
  @PrimaryColumn('text', { name: 'image_digest', primaryKeyConstraintName: 'image_layer_pk' }) imageDigest!: string;
  @ManyToOne(() => ImageRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'image_digest', foreignKeyConstraintName: 'image_layer_image_fk' })
  image?: Relation<ImageRow>;
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'image_layer_pk' }) index!: number;
  @Index('image_layer_diff_ix')
  @Column('text', { name: 'diff_id' })
  diffId!: string;
  @Index('image_layer_blob_ix')
  @Column('text', { name: 'blob_digest' })
  blobDigest!: string;
  @Column('text', { name: 'media_type' }) mediaType!: string;
  @Column('bigint', { name: 'size_bytes' }) sizeBytes!: string;
  @Column('text', { name: 'created_by', nullable: true }) createdBy!: string | null;
}

/** A package at a version, once for the whole fleet. */
@Entity('package')
// On an expression of purl, source and its version, which TypeORM cannot declare.
@Index('package_identity_ux', { synchronize: false })
// Hash and GIN, which TypeORM cannot declare either.
@Index('package_purl_ix', { synchronize: false })
@Index('package_purl_name_ix', { synchronize: false })
@Index('package_advisory_names_ix', { synchronize: false })
@Index('package_name_ix', { synchronize: false })
@Index('package_source_name_ix', { synchronize: false })
@Index('package_artifact_ix', { synchronize: false })
export class PackageRow {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'BY DEFAULT',
    primaryKeyConstraintName: 'package_pk',
  })
  id!: string;
  @Column('text') purl!: string;
  @Column('text') type!: string;
  @Column('text') name!: string;
  @Column('text') version!: string;
  @Column('text', { nullable: true }) arch!: string | null;
  @Column('text', { name: 'source_name' }) sourceName!: string;
  @Column('text', { name: 'source_version' }) sourceVersion!: string;
  @Column('text', { array: true }) licenses!: string[];
  /** OSV ecosystem whose advisories evaluate it; null where none does. */
  @Column('text', { nullable: true }) ecosystem!: string | null;
  @Column('text', { nullable: true }) release!: string | null;
  /** Names under which advisories of that ecosystem may list it. */
  @Column('text', { name: 'advisory_names', array: true, default: [] }) advisoryNames!: string[];
  /** Qualifiers of the purl, without architecture and distribution. */
  @Column('jsonb', { nullable: true }) qualifiers!: unknown;
  /** Version of the matching that made its matches; null where it was never matched. */
  @Column('integer', { name: 'matched_by', nullable: true }) matchedBy!: number | null;
}

/** A package of an image, with the layer that brought it. */
@Entity('image_package')
export class ImagePackageRow {
  @PrimaryColumn('text', { name: 'image_digest', primaryKeyConstraintName: 'image_package_pk' }) imageDigest!: string;
  @ManyToOne(() => ImageRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'image_digest', foreignKeyConstraintName: 'image_package_image_fk' })
  image?: Relation<ImageRow>;
  @Index('image_package_package_ix')
  @PrimaryColumn('bigint', { name: 'package_id', primaryKeyConstraintName: 'image_package_pk' })
  packageId!: string;
  @ManyToOne(() => PackageRow)
  @JoinColumn({ name: 'package_id', foreignKeyConstraintName: 'image_package_package_fk' })
  package?: Relation<PackageRow>;
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'image_package_pk' }) layer!: number;
  /** `present` or `shadowed`. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'image_package_pk' }) state!: string;
  @Column('text', { name: 'found_in' }) foundIn!: string;
}

/** One content of a file of a package, with images of the fleet that have it. */
@Entity('package_content')
export class PackageContentRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'package_content_pk' }) purl!: string;
  @PrimaryColumn('text', { primaryKeyConstraintName: 'package_content_pk' }) path!: string;
  @PrimaryColumn('bytea', { primaryKeyConstraintName: 'package_content_pk' }) sha256!: Buffer;
  /** First eight bytes of the digests of some images that have it. */
  @Column('bigint', { array: true }) images!: string[];
}

/**
 * One content of a path that no package owns, with the text of scripts. Retention: a trigger
 * deletes it with its last image.
 */
@Entity('fleet_content')
export class FleetContentRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'fleet_content_pk' }) path!: string;
  @PrimaryColumn('bytea', { primaryKeyConstraintName: 'fleet_content_pk' }) sha256!: Buffer;
  @Column('bigint', { name: 'size_bytes' }) sizeBytes!: string;
  /** Whether the script names a host or carries a sign. */
  @Column('boolean', { name: 'is_suspicious' }) isSuspicious!: boolean;
  /** Redacted text, zstd; null if it is no script. */
  @Column('bytea', { nullable: true }) text!: Buffer | null;
}

/** An image that has one content of a path. */
@Entity('fleet_file')
export class FleetFileRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'fleet_file_pk' }) path!: string;
  @PrimaryColumn('bytea', { primaryKeyConstraintName: 'fleet_file_pk' }) sha256!: Buffer;
  @ManyToOne(() => FleetContentRow)
  @JoinColumn([
    { name: 'path', referencedColumnName: 'path', foreignKeyConstraintName: 'fleet_file_content_fk' },
    { name: 'sha256', referencedColumnName: 'sha256', foreignKeyConstraintName: 'fleet_file_content_fk' },
  ])
  content?: Relation<FleetContentRow>;
  @Index('fleet_file_image_ix')
  @PrimaryColumn('text', { name: 'image_digest', primaryKeyConstraintName: 'fleet_file_pk' })
  imageDigest!: string;
  @ManyToOne(() => ImageRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'image_digest', foreignKeyConstraintName: 'fleet_file_image_fk' })
  image?: Relation<ImageRow>;
  /** Index of the layer that brought it. */
  @Column('integer') layer!: number;
}
