import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Configuration of images, for comparison with later ones, and the changes of each push. */
export class PushChanges1764000028000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE image ADD config jsonb; -- null of images of before: nobody kept it
      CREATE TABLE push_change (
        push_id uuid CONSTRAINT push_change_pk PRIMARY KEY CONSTRAINT push_change_push_fk REFERENCES push ON DELETE CASCADE,
        changes jsonb NOT NULL
      );
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE push_change; ALTER TABLE image DROP config');
  }
}
