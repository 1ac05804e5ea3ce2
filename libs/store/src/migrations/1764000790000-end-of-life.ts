import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Ends of support of products, as endoflife.date publishes them. */
export class EndOfLife1764000790000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(
      `CREATE TABLE end_of_life (
         product text CONSTRAINT end_of_life_pk PRIMARY KEY,
         title text NOT NULL,
         releases jsonb NOT NULL,
         end_days date[] NOT NULL
       )`,
    );
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE end_of_life');
  }
}
