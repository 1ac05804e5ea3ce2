import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whether a group waits because of a mute. */
export class QuietGroups1764000080000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE alert_group ADD is_quiet boolean NOT NULL DEFAULT false');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE alert_group DROP is_quiet');
  }
}
