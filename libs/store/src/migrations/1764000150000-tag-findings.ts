import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Findings about a tag belong to that tag alone, not to every tag of the image. */
export class TagFindings1764000150000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE repository_finding ADD tag text');
    await db.query(
      `UPDATE repository_finding SET tag = finding #>> '{evidence,tag}' WHERE finding ->> 'id' = 'release-tag-moved'`,
    );
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE repository_finding DROP tag');
  }
}
