import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Red Hat's own statements name source packages, under which its packages are found, too. */
export class RedHatSources1764000710000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(
      `UPDATE package SET advisory_names = advisory_names || source_name
       WHERE ecosystem = 'Red Hat' AND NOT advisory_names @> ARRAY[source_name]`,
    );
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(
      `UPDATE package SET advisory_names = ARRAY[name] WHERE ecosystem = 'Red Hat' AND advisory_names <> '{}'`,
    );
  }
}
