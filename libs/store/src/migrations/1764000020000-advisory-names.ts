import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Names under which advisories may list a package, so that a new advisory finds its packages; and
 * evidence of matches.
 */
export class AdvisoryNames1764000020000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE package ADD COLUMN advisory_names text[] NOT NULL DEFAULT '{}', ADD COLUMN qualifiers jsonb;
      UPDATE package SET advisory_names = ARRAY[source_name] WHERE ecosystem IS NOT NULL;
      DROP INDEX package_source_ix;
      CREATE INDEX package_advisory_names_ix ON package USING gin (advisory_names);
      ALTER TABLE package_match ADD COLUMN evidence jsonb NOT NULL DEFAULT '{}';
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE package_match DROP COLUMN evidence;
      DROP INDEX package_advisory_names_ix;
      CREATE INDEX package_source_ix ON package (ecosystem, source_name);
      ALTER TABLE package DROP COLUMN advisory_names, DROP COLUMN qualifiers;
    `);
  }
}
