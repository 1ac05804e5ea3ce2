import type { Digest, PackageType, Presence } from '@tidewaiter/domain';
import {
  Column,
  Entity,
  Index,
  JoinColumn,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
} from 'typeorm';

import { DeletedBy, DeletedWith } from '../core/retention.js';
import { ImageRow } from './image-rows.js';

/** A package at a version, once for the whole fleet. */
@DeletedBy('ImageRetention.deleteUnused')
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
@Index('package_name_prefix_ix', { synchronize: false })
export class PackageRow {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'BY DEFAULT',
    primaryKeyConstraintName: 'package_pk',
  })
  id!: string;
  @Column('text') purl!: string;
  @Column('text') type!: PackageType;
  @Column('text') name!: string;
  @Column('text') version!: string;
  @Column('text', { nullable: true }) arch!: string | null;
  @Column('text', { name: 'source_name' }) sourceName!: string;
  @Column('text', { name: 'source_version' }) sourceVersion!: string;
  @Column('text', { array: true }) licenses!: string[];
  /** OSV ecosystem whose advisories evaluate it; null where none does. */
  @Column('text', { nullable: true }) ecosystem!: string | null;
  @Column('text', { nullable: true }) release!: string | null;
  /** Releases that it may be of as well, where its image leaves several. */
  @Column('text', { name: 'other_releases', array: true, default: [] }) otherReleases!: string[];
  /** Names under which advisories of that ecosystem may list it. */
  @Column('text', { name: 'advisory_names', array: true, default: [] }) advisoryNames!: string[];
  /** Qualifiers of the purl, without architecture and distribution. */
  @Column('jsonb', { nullable: true }) qualifiers!: Record<string, string> | null;
  /** Version of the matching that made its matches; null where it was never matched. */
  @Column('integer', { name: 'matched_by', nullable: true }) matchedBy!: number | null;
}

/** A package of an image, with the layer that brought it. */
@DeletedWith(() => ImageRow)
@Entity('image_package')
export class ImagePackageRow {
  @PrimaryColumn('bigint', { name: 'package_id', primaryKeyConstraintName: 'image_package_pk' })
  packageId!: string;
  @ManyToOne(() => PackageRow)
  @JoinColumn({ name: 'package_id', foreignKeyConstraintName: 'image_package_package_fk' })
  package?: Relation<PackageRow>;
  @Index('image_package_image_ix')
  @PrimaryColumn('text', { name: 'image_digest', primaryKeyConstraintName: 'image_package_pk' })
  imageDigest!: Digest;
  @ManyToOne(() => ImageRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'image_digest', foreignKeyConstraintName: 'image_package_image_fk' })
  image?: Relation<ImageRow>;
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'image_package_pk' }) layer!: number;
  @PrimaryColumn('text', { primaryKeyConstraintName: 'image_package_pk' }) state!: Presence;
  @Column('text', { name: 'found_in' }) foundIn!: string;
}

/** One content of a file of a package, with images of the fleet that have it. */
@DeletedBy('ImageRetention.deleteUnused')
@Entity('package_content')
export class PackageContentRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'package_content_pk' }) purl!: string;
  @PrimaryColumn('text', { primaryKeyConstraintName: 'package_content_pk' }) path!: string;
  @PrimaryColumn('bytea', { primaryKeyConstraintName: 'package_content_pk' }) sha256!: Buffer;
  /** First eight bytes of the digests of some images that have it. */
  @Column('bigint', { array: true }) images!: string[];
}
