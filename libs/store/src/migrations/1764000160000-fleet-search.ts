import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Indexes by which images are found: package name, path, base image, signer, and the digest that a
 * tag pointed to.
 */
export class FleetSearch1764000160000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      -- Hashes, as names may be longer than a btree takes.
      CREATE INDEX package_name_ix ON package USING hash (name);
      CREATE INDEX package_source_name_ix ON package USING hash (source_name);
      CREATE INDEX package_artifact_ix ON package USING hash (split_part(name, ':', 2)) WHERE type = 'maven';

      CREATE INDEX tag_ledger_digest_ix ON tag_ledger (digest);

      CREATE INDEX image_provenance_signatures_ix ON image_provenance USING gin (signatures jsonb_path_ops);
      CREATE INDEX image_provenance_attestations_ix ON image_provenance USING gin (attestations jsonb_path_ops);

      CREATE INDEX image_base_digest_ix ON image USING hash ((labels ->> 'org.opencontainers.image.base.digest'));
      CREATE INDEX image_base_name_ix ON image USING hash ((labels ->> 'org.opencontainers.image.base.name'));
      CREATE INDEX image_os_ix ON image USING hash ((os ->> 'id'));
      CREATE INDEX image_unread_ix ON image (digest) WHERE unread_layers <> '{}';

      ALTER TABLE layer ADD path_keys bigint[]; -- eight bytes of the sha256 of each path; null: not indexed yet
      ALTER TABLE layer ALTER path_keys SET STORAGE EXTERNAL; -- hashes do not compress
      -- Without a pending list: its flush would make one insert wait for seconds, and every search reads it.
      CREATE INDEX layer_path_keys_ix ON layer USING gin (path_keys) WITH (fastupdate = off);
      CREATE INDEX layer_unindexed_ix ON layer (diff_id) WHERE path_keys IS NULL;
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      DROP INDEX layer_unindexed_ix, layer_path_keys_ix, image_unread_ix, image_os_ix, image_base_name_ix, image_base_digest_ix,
        image_provenance_attestations_ix, image_provenance_signatures_ix, tag_ledger_digest_ix, package_artifact_ix,
        package_source_name_ix, package_name_ix;
      ALTER TABLE layer DROP path_keys;
    `);
  }
}
