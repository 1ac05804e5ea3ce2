import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Matching version of packages, and the time of the first load of an ecosystem. */
export class FleetMatches1764000024000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      -- Null: never. What an older version matched is matched again; a change of advisories finds its packages by their names.
      ALTER TABLE package ADD COLUMN matched_by integer;
      ALTER TABLE package DROP COLUMN matched_change;
      -- Hashes, as purls may be longer than a btree takes; the version is what follows the last @ that no ? or # comes before.
      CREATE INDEX package_purl_ix ON package USING hash (purl);
      CREATE FUNCTION package_purl_name(purl text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
        RETURN regexp_replace(purl, '@[^@?#]*([?#].*)?$', '');
      CREATE INDEX package_purl_name_ix ON package USING hash (package_purl_name(purl));
      CREATE TABLE advisory_ecosystem (
        ecosystem text CONSTRAINT advisory_ecosystem_pk PRIMARY KEY,
        first_loaded_at timestamptz NOT NULL DEFAULT now(),
        first_news integer NOT NULL DEFAULT 0
      );
      INSERT INTO advisory_ecosystem SELECT DISTINCT ecosystem, timestamptz 'epoch' FROM advisory_package;
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      DROP TABLE advisory_ecosystem;
      DROP INDEX package_purl_name_ix;
      DROP FUNCTION package_purl_name;
      DROP INDEX package_purl_ix;
      ALTER TABLE package ADD COLUMN matched_change bigint NOT NULL DEFAULT 0;
      ALTER TABLE package DROP COLUMN matched_by;
    `);
  }
}
