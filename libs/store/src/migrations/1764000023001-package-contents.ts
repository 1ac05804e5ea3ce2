import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Table of contents of packages' programs and libraries over the fleet: the same package should
 * have the same bytes everywhere.
 */
export class PackageContents1764000023001 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE package_content (
        purl text NOT NULL,
        path text NOT NULL,
        sha256 bytea NOT NULL,
        images bigint[] NOT NULL, -- the first eight bytes of the digests of images that have it; a few of them
        CONSTRAINT package_content_pk PRIMARY KEY (purl, path, sha256)
      );
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE package_content');
  }
}
