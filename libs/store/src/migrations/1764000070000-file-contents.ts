import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Index to find images by the content of a file. The scanner fills existing rows in batches. */
export class FileContents1764000070000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE image_manifest ADD contents bigint[]; -- eight bytes of the sha256 of each file; null: not yet
      ALTER TABLE image_manifest ALTER contents SET STORAGE EXTERNAL; -- nobody can compress them
      -- Without a list of what is to be added: whoever is next would wait seconds for it, and every search read it.
      CREATE INDEX image_manifest_contents_ix ON image_manifest USING gin (contents) WITH (fastupdate = off);
      CREATE INDEX image_manifest_unfilled_ix ON image_manifest (image_digest) WHERE contents IS NULL;
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(
      'DROP INDEX image_manifest_unfilled_ix, image_manifest_contents_ix; ALTER TABLE image_manifest DROP contents',
    );
  }
}
