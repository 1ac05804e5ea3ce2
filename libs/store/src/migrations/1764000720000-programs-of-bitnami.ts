import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Reads Bitnami's records again: they are also about the programs that Bitnami packages. */
export class ProgramsOfBitnami1764000720000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(
      `UPDATE advisory SET modified = '-infinity' WHERE id IN (SELECT advisory_id FROM advisory_package WHERE ecosystem = 'Bitnami')`,
    );
    // Without its validators the archive is not taken for unchanged.
    await db.query(`UPDATE advisory_feed SET etag = NULL, last_modified = NULL WHERE name = 'Bitnami'`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`DELETE FROM advisory_package WHERE ecosystem = 'Program'`);
  }
}
