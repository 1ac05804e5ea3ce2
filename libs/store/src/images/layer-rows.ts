import type { Digest } from '@tidewaiter/domain';
import { Column, CreateDateColumn, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';

import { safeInteger } from '../core/columns.js';
import { DeletedBy, DeletedWith } from '../core/retention.js';
import { ImageRow } from './image-rows.js';

/** One layer of the fleet, analyzed once for all images that share it. */
@DeletedBy('ImageRetention.deleteUnused')
@Entity('layer')
// GIN, which TypeORM cannot declare.
@Index('layer_path_keys_ix', { synchronize: false })
@Index('layer_contents_ix', { synchronize: false })
@Index('layer_unindexed_ix', ['diffId'], { where: 'path_keys IS NULL OR content_keys IS NULL' })
export class LayerRow {
  @PrimaryColumn('text', { name: 'diff_id', primaryKeyConstraintName: 'layer_pk' }) diffId!: Digest;
  @Column('text', { name: 'analyzers_version' }) analyzersVersion!: string;
  /** Facts from the files of the layer, compressed. */
  @Column('bytea') facts!: Buffer;
  /** Every entry of the layer's tar, compressed. */
  @Column('bytea') entries!: Buffer;
  @Column('integer', { name: 'entry_count' }) entryCount!: number;
  @Column('bigint', { name: 'uncompressed_bytes', transformer: safeInteger }) uncompressedBytes!: number;
  @CreateDateColumn({ name: 'analyzed_at', type: 'timestamptz' }) analyzedAt!: Date;
  /** Keys of its paths, `pathKeyOf` of the layer paths; null until they are indexed. */
  @Column('bigint', { name: 'path_keys', array: true, nullable: true }) pathKeys!: string[] | null;
  /** Keys of the contents of its files, by `contentKeyOf`; null until they are indexed. */
  @Column('bigint', { name: 'content_keys', array: true, nullable: true }) contentKeys!: string[] | null;
  /** Encoded names of the code in each of its programs; null before an image is evaluated. */
  @Column('text', { name: 'linked_programs', array: true, nullable: true }) linkedPrograms!: string[] | null;
}

/** A blob that was read and found to be of this size and to unpack to this layer. */
@DeletedBy('ImageRetention.deleteUnused')
@Entity('layer_blob')
export class LayerBlobRow {
  @PrimaryColumn('text', { name: 'blob_digest', primaryKeyConstraintName: 'layer_blob_pk' }) blobDigest!: Digest;
  @PrimaryColumn('bigint', { name: 'size_bytes', primaryKeyConstraintName: 'layer_blob_pk', transformer: safeInteger })
  sizeBytes!: number;
  @Index('layer_blob_layer_ix')
  @PrimaryColumn('text', { name: 'diff_id', primaryKeyConstraintName: 'layer_blob_pk' })
  diffId!: Digest;
  @ManyToOne(() => LayerRow)
  @JoinColumn({ name: 'diff_id', foreignKeyConstraintName: 'layer_blob_layer_fk' })
  layer?: Relation<LayerRow>;
}

/**
 * A layer that could not be read from one repository, or not as announced, at the last attempt. The
 * failure is specific to the repository: even a limit may have been reached by bytes that are not
 * those of the blob. Deleted when the layer is read from any repository.
 */
@DeletedBy('ImageRetention.deleteUnused')
@Entity('layer_failure')
@Index('layer_failure_repository_ix', ['connection', 'repository'])
export class LayerFailureRow {
  @PrimaryColumn('text', { name: 'blob_digest', primaryKeyConstraintName: 'layer_failure_pk' }) blobDigest!: Digest;
  @PrimaryColumn('bigint', {
    name: 'size_bytes',
    primaryKeyConstraintName: 'layer_failure_pk',
    transformer: safeInteger,
  })
  sizeBytes!: number;
  @PrimaryColumn('text', { name: 'diff_id', primaryKeyConstraintName: 'layer_failure_pk' }) diffId!: Digest;
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
@DeletedWith(() => ImageRow)
@Entity('image_layer')
export class ImageLayerRow {
  @PrimaryColumn('text', { name: 'image_digest', primaryKeyConstraintName: 'image_layer_pk' }) imageDigest!: Digest;
  @ManyToOne(() => ImageRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'image_digest', foreignKeyConstraintName: 'image_layer_image_fk' })
  image?: Relation<ImageRow>;
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'image_layer_pk' }) index!: number;
  @Index('image_layer_diff_ix')
  @Column('text', { name: 'diff_id' })
  diffId!: Digest;
  @Index('image_layer_blob_ix')
  @Column('text', { name: 'blob_digest' })
  blobDigest!: Digest;
  @Column('text', { name: 'media_type' }) mediaType!: string;
  @Column('bigint', { name: 'size_bytes', transformer: safeInteger }) sizeBytes!: number;
  @Column('text', { name: 'created_by', nullable: true }) createdBy!: string | null;
}
