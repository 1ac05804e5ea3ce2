import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Files that no package owns, by path and content, with the images that have them. */
export class FleetFiles1764000141000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE fleet_content (
        path text NOT NULL,
        sha256 bytea NOT NULL,
        size_bytes bigint NOT NULL,
        is_suspicious boolean NOT NULL,
        text bytea, -- redacted, zstd; null of what is no script
        CONSTRAINT fleet_content_pk PRIMARY KEY (path, sha256)
      );
      CREATE TABLE fleet_file (
        path text NOT NULL,
        sha256 bytea NOT NULL,
        image_digest text NOT NULL CONSTRAINT fleet_file_image_fk REFERENCES image (digest) ON DELETE CASCADE,
        layer integer NOT NULL,
        CONSTRAINT fleet_file_pk PRIMARY KEY (path, sha256, image_digest),
        CONSTRAINT fleet_file_content_fk FOREIGN KEY (path, sha256) REFERENCES fleet_content (path, sha256)
      );
      CREATE INDEX fleet_file_image_ix ON fleet_file (image_digest);
      CREATE INDEX repository_finding_file_outlier_ix ON repository_finding ((finding ->> 'path')) WHERE finding ->> 'id' = 'file-outlier';

      -- A content goes with the last image that has it.
      CREATE FUNCTION forget_fleet_content() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        DELETE FROM fleet_content AS content USING (SELECT DISTINCT path, sha256 FROM gone) AS gone
        WHERE (content.path, content.sha256) = (gone.path, gone.sha256)
          AND NOT EXISTS (SELECT FROM fleet_file AS held WHERE (held.path, held.sha256) = (gone.path, gone.sha256));
        RETURN NULL;
      END $$;
      CREATE TRIGGER fleet_file_gone AFTER DELETE ON fleet_file REFERENCING OLD TABLE AS gone
        FOR EACH STATEMENT EXECUTE FUNCTION forget_fleet_content();
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      DROP INDEX repository_finding_file_outlier_ix;
      DROP TABLE fleet_file, fleet_content;
      DROP FUNCTION forget_fleet_content;
    `);
  }
}
