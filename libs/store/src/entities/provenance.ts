import { Column, CreateDateColumn, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';

import { ImageRow } from './images.js';

/** Who signed an image of a repository, and how it was built. Only the scanner writes it. */
@Entity('image_provenance')
export class ImageProvenanceRow {
  @PrimaryColumn('text', { name: 'image_digest', primaryKeyConstraintName: 'image_provenance_pk' })
  imageDigest!: string;
  @ManyToOne(() => ImageRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'image_digest', foreignKeyConstraintName: 'image_provenance_image_fk' })
  image?: Relation<ImageRow>;
  @PrimaryColumn('text', { primaryKeyConstraintName: 'image_provenance_pk' }) connection!: string;
  @PrimaryColumn('text', { primaryKeyConstraintName: 'image_provenance_pk' }) repository!: string;
  @Column('jsonb') signatures!: unknown;
  @Column('jsonb') attestations!: unknown;
  /** OpenVEX documents that a trusted signer vouches for. */
  @Column('jsonb') vex!: unknown;
  @Column('jsonb') warnings!: unknown;
  /** Of the sources, as verified provenance says. */
  @Index('image_provenance_revision_ix')
  @Column('text', { nullable: true })
  revision!: string | null;
  @CreateDateColumn({ name: 'checked_at', type: 'timestamptz' }) checkedAt!: Date;
}

/** Something wrong with an image that follows from the repository that it lies in. */
@Entity('repository_finding')
export class RepositoryFindingRow {
  @PrimaryColumn('text', { name: 'image_digest', primaryKeyConstraintName: 'repository_finding_pk' })
  imageDigest!: string;
  @ManyToOne(() => ImageRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'image_digest', foreignKeyConstraintName: 'repository_finding_image_fk' })
  image?: Relation<ImageRow>;
  @PrimaryColumn('text', { primaryKeyConstraintName: 'repository_finding_pk' }) connection!: string;
  @PrimaryColumn('text', { primaryKeyConstraintName: 'repository_finding_pk' }) repository!: string;
  @PrimaryColumn('text', { primaryKeyConstraintName: 'repository_finding_pk' }) fingerprint!: string;
  @Column('jsonb') finding!: unknown;
  /** The tag that it is about; null of what holds for all tags of the image. */
  @Column('text', { nullable: true }) tag!: string | null;
}
