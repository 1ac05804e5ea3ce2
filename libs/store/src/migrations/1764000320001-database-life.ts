import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Identity and heartbeat of the database, by which a restored copy is recognized. */
export class DatabaseLife1764000320001 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE database_life (
        id uuid CONSTRAINT database_life_pk PRIMARY KEY,
        epoch integer NOT NULL DEFAULT 0,
        beat bigint NOT NULL DEFAULT 0,
        beaten_at timestamptz NOT NULL DEFAULT now(),
        predecessor uuid,
        restore jsonb
      );
      INSERT INTO database_life (id) VALUES (gen_random_uuid());
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE database_life');
  }
}
