import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Indexes for the foreign keys of rows that expire; a document goes with its last report. */
export class Retention1764000340000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE INDEX tag_ledger_push_ix ON tag_ledger (push_id);
      CREATE INDEX layer_blob_layer_ix ON layer_blob (diff_id);
      CREATE INDEX pipeline_report_document_ix ON pipeline_report (document_digest);

      CREATE FUNCTION forget_pipeline_document() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        DELETE FROM pipeline_document AS document USING (SELECT DISTINCT document_digest FROM gone) AS gone
        WHERE document.digest = gone.document_digest
          AND NOT EXISTS (SELECT FROM pipeline_report AS held WHERE held.document_digest = gone.document_digest);
        RETURN NULL;
      END $$;
      CREATE TRIGGER pipeline_report_gone AFTER DELETE ON pipeline_report REFERENCING OLD TABLE AS gone
        FOR EACH STATEMENT EXECUTE FUNCTION forget_pipeline_document();
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      DROP TRIGGER pipeline_report_gone ON pipeline_report;
      DROP FUNCTION forget_pipeline_document;
      DROP INDEX pipeline_report_document_ix, layer_blob_layer_ix, tag_ledger_push_ix;
    `);
  }
}
