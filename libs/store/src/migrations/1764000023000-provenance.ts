import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Tables of signatures of images and of provenance findings. Both are per repository: signatures
 * are stored beside the image, and each repository has its own trusted signers.
 */
export class Provenance1764000023000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE image_provenance (
        connection text NOT NULL,
        repository text NOT NULL,
        image_digest text NOT NULL CONSTRAINT image_provenance_image_fk REFERENCES image ON DELETE CASCADE,
        signatures jsonb NOT NULL,
        attestations jsonb NOT NULL,
        vex jsonb NOT NULL, -- OpenVEX documents that a trusted signer vouches for
        warnings jsonb NOT NULL, -- what could not be read
        revision text, -- of the sources, as verified provenance says
        checked_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT image_provenance_pk PRIMARY KEY (image_digest, connection, repository)
      );
      CREATE INDEX image_provenance_revision_ix ON image_provenance (revision);
      CREATE TABLE repository_finding (
        connection text NOT NULL,
        repository text NOT NULL,
        image_digest text NOT NULL CONSTRAINT repository_finding_image_fk REFERENCES image ON DELETE CASCADE,
        fingerprint text NOT NULL,
        finding jsonb NOT NULL,
        CONSTRAINT repository_finding_pk PRIMARY KEY (image_digest, connection, repository, fingerprint)
      );
      CREATE INDEX image_revision_ix ON image ((labels ->> 'org.opencontainers.image.revision'));
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP INDEX image_revision_ix; DROP TABLE repository_finding; DROP TABLE image_provenance');
  }
}
