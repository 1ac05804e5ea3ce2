import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A secret has one fingerprint wherever its value stands, so the files and the config of an image
 * may both have a finding of it. Findings about published files of a package hold several values.
 */
export class SecretPlaces1764000230000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE image_finding DROP CONSTRAINT image_finding_pk,
        ADD CONSTRAINT image_finding_pk PRIMARY KEY (image_digest, fingerprint, source);
      CREATE INDEX image_finding_values_ix ON image_finding
        USING gin (jsonb_path_query_array(finding, '$.locations[*].valueFingerprint'))
        WHERE finding #> '{evidence,package}' IS NOT NULL;
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      DROP INDEX image_finding_values_ix;
      DELETE FROM image_finding AS twice USING image_finding AS kept
        WHERE (twice.image_digest, twice.fingerprint) = (kept.image_digest, kept.fingerprint)
          AND twice.source > kept.source;
      ALTER TABLE image_finding DROP CONSTRAINT image_finding_pk,
        ADD CONSTRAINT image_finding_pk PRIMARY KEY (image_digest, fingerprint);
    `);
  }
}
