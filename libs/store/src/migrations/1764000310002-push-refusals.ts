import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Versions and limits under which a push was refused: others may accept it. */
export class PushRefusals1764000310002 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE push ADD refused_by text');
    await db.query(`CREATE INDEX push_refused_ix ON push (received_at) WHERE state = 'refused'`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP INDEX push_refused_ix; ALTER TABLE push DROP refused_by');
  }
}
