import type { Digest } from '@tidewaiter/domain';
import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';

import { safeInteger } from '../core/columns.js';
import { DeletedWith } from '../core/retention.js';
import { ImageRow } from './image-rows.js';

/**
 * One content of a path that no package owns, with the text of scripts. Retention: a trigger
 * deletes it with its last image.
 */
@DeletedWith(() => FleetFileRow, 'trigger')
@Entity('fleet_content')
export class FleetContentRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'fleet_content_pk' }) path!: string;
  @PrimaryColumn('bytea', { primaryKeyConstraintName: 'fleet_content_pk' }) sha256!: Buffer;
  @Column('bigint', { name: 'size_bytes', transformer: safeInteger }) sizeBytes!: number;
  /** Whether the script names a host or carries a sign. */
  @Column('boolean', { name: 'is_suspicious' }) isSuspicious!: boolean;
  /** Redacted text, zstd; null if it is no script. */
  @Column('bytea', { nullable: true }) text!: Buffer | null;
}

/** An image that has one content of a path. */
@DeletedWith(() => ImageRow)
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
  imageDigest!: Digest;
  @ManyToOne(() => ImageRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'image_digest', foreignKeyConstraintName: 'fleet_file_image_fk' })
  image?: Relation<ImageRow>;
  /** Index of the layer that brought it. */
  @Column('integer') layer!: number;
}
