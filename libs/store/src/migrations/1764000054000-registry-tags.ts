import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Tables of the tags that reconciliation saw in registries, to find pushes that were not announced.
 */
export class RegistryTags1764000054000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE registry_repository (
        connection text NOT NULL,
        repository text NOT NULL,
        looked_at timestamptz NOT NULL,
        CONSTRAINT registry_repository_pk PRIMARY KEY (connection, repository)
      );
      CREATE TABLE registry_tag (
        connection text NOT NULL,
        repository text NOT NULL,
        tag text NOT NULL,
        digest text NOT NULL,
        CONSTRAINT registry_tag_pk PRIMARY KEY (connection, repository, tag)
      );
      ALTER TABLE push ADD origin text NOT NULL DEFAULT 'told';
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE push DROP origin; DROP TABLE registry_tag, registry_repository');
  }
}
