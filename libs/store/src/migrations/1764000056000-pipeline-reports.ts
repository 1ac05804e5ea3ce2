import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Tables of pipeline reports about images. Without foreign keys to images, as a report may come
 * before its image.
 */
export class PipelineReports1764000056000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE pipeline_document (
        digest text NOT NULL CONSTRAINT pipeline_document_pk PRIMARY KEY,
        media_type text NOT NULL,
        content bytea NOT NULL -- byte for byte: signatures cover it
      );
      CREATE TABLE pipeline_report (
        id uuid NOT NULL CONSTRAINT pipeline_report_pk PRIMARY KEY,
        connection text NOT NULL,
        report_key text NOT NULL, -- the same when it is sent again
        image_digest text NOT NULL, -- of an index or a manifest
        document_digest text NOT NULL CONSTRAINT pipeline_report_document_fk REFERENCES pipeline_document,
        kind text NOT NULL,
        format text NOT NULL,
        version text,
        registry text,
        repository text,
        tag text,
        run jsonb, -- null where nothing is said of one
        proven text[] NOT NULL, -- facts of the run that the token of its CI says
        packages integer,
        builder text,
        received_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pipeline_report_key_uq UNIQUE (connection, report_key)
      );
      CREATE INDEX pipeline_report_image_ix ON pipeline_report (image_digest);
      CREATE INDEX pipeline_report_revision_ix ON pipeline_report ((run ->> 'revision')) WHERE 'revision' = ANY (proven);
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE pipeline_report, pipeline_document');
  }
}
