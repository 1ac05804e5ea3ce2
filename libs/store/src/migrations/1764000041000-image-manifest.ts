import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The files of images, packed, and a way from a secret's fingerprint to the images that it lies in.
 */
export class ImageManifest1764000041000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE image_manifest (
        image_digest text CONSTRAINT image_manifest_pk PRIMARY KEY
          CONSTRAINT image_manifest_image_fk REFERENCES image ON DELETE CASCADE,
        files bytea NOT NULL
      );
      CREATE INDEX image_finding_value_ix ON image_finding ((finding -> 'evidence' ->> 'valueFingerprint'))
        WHERE finding -> 'evidence' ->> 'valueFingerprint' IS NOT NULL;
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP INDEX image_finding_value_ix; DROP TABLE image_manifest');
  }
}
