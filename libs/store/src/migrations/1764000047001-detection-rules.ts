import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Table of loaded and refused rules, for display. */
export class DetectionRules1764000047001 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE detection_rule (
        number integer CONSTRAINT detection_rule_pk PRIMARY KEY, -- by file and line
        rule jsonb NOT NULL
      );
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE detection_rule');
  }
}
