import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Compresses facts: with the files of every package they have megabytes. Layers read by older
 * analyzers are read again anyway, so no row is converted.
 */
export class LayerFacts1764000012000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      DELETE FROM layer_blob;
      DELETE FROM layer;
      ALTER TABLE layer DROP facts;
      ALTER TABLE layer ADD facts bytea NOT NULL;
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      DELETE FROM layer_blob;
      DELETE FROM layer;
      ALTER TABLE layer DROP facts;
      ALTER TABLE layer ADD facts jsonb NOT NULL;
    `);
  }
}
