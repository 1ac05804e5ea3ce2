import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Vulnerabilities of a match: an advisory about an update may list several, and a package may have
 * only some of them.
 */
export class MatchVulnerabilities1764000025000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE package_match ADD COLUMN vulnerability_ids text[] NOT NULL DEFAULT '{}';
      UPDATE package_match SET vulnerability_ids = ARRAY[vulnerability_id] FROM advisory WHERE advisory.id = advisory_id;
      CREATE INDEX package_match_vulnerability_ix ON package_match USING gin (vulnerability_ids);
      -- They were read for four distributions alone: the next import, which leaves out what is no newer, shall write them all.
      UPDATE advisory SET modified = 'epoch';
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      DROP INDEX package_match_vulnerability_ix;
      ALTER TABLE package_match DROP COLUMN vulnerability_ids;
    `);
  }
}
