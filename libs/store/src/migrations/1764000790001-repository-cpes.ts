import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Red Hat's map from its repositories to products. */
export class RepositoryCpes1764000790001 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(
      'CREATE TABLE repository_cpe (repository text CONSTRAINT repository_cpe_pk PRIMARY KEY, cpes text[] NOT NULL)',
    );
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE repository_cpe');
  }
}
