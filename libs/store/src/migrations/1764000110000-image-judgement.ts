import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Version that judged the config of an image, and the kinds of findings that were not evaluated for
 * it.
 */
export class ImageJudgement1764000110000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`ALTER TABLE image ADD config_version text, ADD not_evaluated text[] NOT NULL DEFAULT '{}'`);
    // Images were never checked for misconfiguration before, and without a fingerprint key not for
    // secrets.
    await db.query(
      `UPDATE image SET not_evaluated = CASE WHEN analyzers_version LIKE '%secrets@none%'
         THEN ARRAY['misconfiguration', 'secret'] ELSE ARRAY['misconfiguration'] END`,
    );
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE image DROP config_version, DROP not_evaluated');
  }
}
