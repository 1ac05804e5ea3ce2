import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Table of findings of images, such as secrets and signs of tampering; vulnerabilities follow from
 * packages instead.
 */
export class ImageFindings1764000013000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE image_finding (
        image_digest text NOT NULL CONSTRAINT image_finding_image_fk REFERENCES image ON DELETE CASCADE,
        fingerprint text NOT NULL,
        source text NOT NULL, -- config: what the image says of itself; layers: its files
        finding jsonb NOT NULL,
        CONSTRAINT image_finding_pk PRIMARY KEY (image_digest, fingerprint)
      );
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE image_finding');
  }
}
