import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Lists of exploited vulnerabilities beside CISA's, with the date of each. */
export class KevLists1764000810000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`ALTER TABLE kev ADD COLUMN lists jsonb NOT NULL DEFAULT '{}'`);
    await db.query(`UPDATE kev SET lists = jsonb_build_object('CISA', added_on::text)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`DELETE FROM kev WHERE NOT lists ? 'CISA'`);
    await db.query('ALTER TABLE kev DROP COLUMN lists');
  }
}
