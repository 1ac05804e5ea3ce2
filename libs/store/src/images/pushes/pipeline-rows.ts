import type { CiRun, CiRunFact, Digest, PipelineReportKind } from '@tidewaiter/domain';
import {
  Column,
  CreateDateColumn,
  Entity,
  Index,
  JoinColumn,
  ManyToOne,
  PrimaryColumn,
  type Relation,
  Unique,
} from 'typeorm';

import { DeletedWith, Retention } from '../../core/retention.js';

/** A document of a pipeline, byte for byte. */
@DeletedWith(() => PipelineReportRow, 'trigger')
@Entity('pipeline_document')
export class PipelineDocumentRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'pipeline_document_pk' }) digest!: Digest;
  @Column('text', { name: 'media_type' }) mediaType!: string;
  @Column('bytea') content!: Buffer;
}

/** A document may arrive before its image, and proves its build while the image is known. */
const withoutImage = `NOT EXISTS (SELECT FROM image WHERE image.digest = pipeline_report.image_digest)
  AND NOT EXISTS (SELECT FROM push WHERE push.digest = pipeline_report.image_digest)`;

/** Report of one document about one image. Ingest writes it. */
@Retention({ days: 'reportDays', since: 'received_at', pace: 'hourly', where: withoutImage })
@Entity('pipeline_report')
@Unique('pipeline_report_key_uq', ['connection', 'reportKey'])
// On an expression, which TypeORM cannot declare.
@Index('pipeline_report_revision_ix', { synchronize: false })
export class PipelineReportRow {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'pipeline_report_pk' }) id!: string;
  @Column('text') connection!: string;
  @Column('text', { name: 'report_key' }) reportKey!: string;
  @Index('pipeline_report_image_ix')
  @Column('text', { name: 'image_digest' })
  imageDigest!: Digest;
  @Index('pipeline_report_document_ix')
  @Column('text', { name: 'document_digest' })
  documentDigest!: Digest;
  @ManyToOne(() => PipelineDocumentRow)
  @JoinColumn({ name: 'document_digest', foreignKeyConstraintName: 'pipeline_report_document_fk' })
  document?: Relation<PipelineDocumentRow>;
  @Column('text') kind!: PipelineReportKind;
  @Column('text') format!: string;
  @Column('text', { nullable: true }) version!: string | null;
  @Column('text', { nullable: true }) registry!: string | null;
  @Column('text', { nullable: true }) repository!: string | null;
  @Column('text', { nullable: true }) tag!: string | null;
  /** Null if the report names none. */
  @Column('jsonb', { nullable: true }) run!: CiRun | null;
  /** Facts of the run that a CI token proves; the others are claims. */
  @Column('text', { array: true }) proven!: readonly CiRunFact[];
  @Column('integer', { nullable: true }) packages!: number | null;
  @Column('text', { nullable: true }) builder!: string | null;
  @CreateDateColumn({ name: 'received_at', type: 'timestamptz' }) receivedAt!: Date;
}
