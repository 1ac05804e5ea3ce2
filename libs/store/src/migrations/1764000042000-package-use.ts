import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Table of packages seen to be executed or loaded, whose vulnerabilities have priority. */
export class PackageUse1764000042000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE package_use (
        image_digest text NOT NULL,
        package text NOT NULL, -- its name, as the image's files know their owner
        how text NOT NULL, -- executed or loaded
        first_seen timestamptz NOT NULL,
        last_seen timestamptz NOT NULL,
        CONSTRAINT package_use_pk PRIMARY KEY (image_digest, package, how)
      );
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE package_use');
  }
}
