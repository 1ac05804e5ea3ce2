import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Table of the last contact of each sensor: a stale one may be broken, or disabled by an attacker.
 */
export class SensorContacts1764000050000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE sensor_contact (
        sensor text CONSTRAINT sensor_contact_pk PRIMARY KEY,
        kind text NOT NULL,
        heard_at timestamptz,
        silent_since timestamptz, -- people were told, and wait to hear that it is back
        records bigint NOT NULL DEFAULT 0,
        dropped bigint NOT NULL DEFAULT 0, -- what it says it lost
        dropped_at timestamptz
      )`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE sensor_contact');
  }
}
