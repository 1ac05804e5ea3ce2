import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The images of a package from an index alone, which were read from the table one by one. An index
 * of images takes a tenth of the old key, as their rows share its entries.
 */
export class PackagesFirst1764000681000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE UNIQUE INDEX image_package_key ON image_package (package_id, image_digest, layer, state);
      ALTER TABLE image_package DROP CONSTRAINT image_package_pk;
      ALTER TABLE image_package ADD CONSTRAINT image_package_pk PRIMARY KEY USING INDEX image_package_key;
      DROP INDEX image_package_package_ix;
      CREATE INDEX image_package_image_ix ON image_package (image_digest);
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      DROP INDEX image_package_image_ix;
      CREATE INDEX image_package_package_ix ON image_package (package_id);
      ALTER TABLE image_package DROP CONSTRAINT image_package_pk;
      ALTER TABLE image_package ADD CONSTRAINT image_package_pk PRIMARY KEY (image_digest, package_id, layer, state);
    `);
  }
}
