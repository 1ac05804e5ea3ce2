import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Identifies packages by a digest: an index takes rows of 2,704 bytes, and names and versions may
 * be longer together.
 */
export class PackageIdentity1764000008000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      -- Of digests, so that no text can reach into the next one. Not MD5: a forged package must not take the place of another.
      CREATE FUNCTION package_identity(purl text, source_name text, source_version text) RETURNS bytea
        LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
        RETURN sha256(sha256(convert_to(purl, 'UTF8')) || sha256(convert_to(source_name, 'UTF8')) || sha256(convert_to(source_version, 'UTF8')));
      ALTER TABLE package DROP CONSTRAINT package_identity_ux;
      CREATE UNIQUE INDEX package_identity_ux ON package (package_identity(purl, source_name, source_version));
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      DROP INDEX package_identity_ux;
      ALTER TABLE package ADD CONSTRAINT package_identity_ux UNIQUE (purl, source_name, source_version);
      DROP FUNCTION package_identity;
    `);
  }
}
