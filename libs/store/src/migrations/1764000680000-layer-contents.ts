import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Index of the contents of layers, in place of one of the contents of every image. The scanner
 * fills existing rows in batches.
 */
export class LayerContents1764000680000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE layer ADD content_keys bigint[];
      ALTER TABLE layer ALTER content_keys SET STORAGE EXTERNAL; -- hashes do not compress
      -- Eighteen bits of each key: new contents share posting lists instead of adding entries, at a tenth of the size. The
      -- keys rule out other layers of the bucket, one in a hundred.
      CREATE FUNCTION content_buckets(keys bigint[]) RETURNS integer[] LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS
        'SELECT coalesce(array_agg(DISTINCT (key >> 46)::integer), ''{}''::integer[]) FROM unnest(keys) AS key';
      CREATE INDEX layer_contents_ix ON layer USING gin (content_buckets(content_keys)) WITH (fastupdate = off);
      DROP INDEX layer_unindexed_ix;
      CREATE INDEX layer_unindexed_ix ON layer (diff_id) WHERE path_keys IS NULL OR content_keys IS NULL;
      ALTER TABLE image ADD hidden_contents bigint[];
      CREATE INDEX image_unlisted_ix ON image (digest) WHERE hidden_contents IS NULL;
      ALTER TABLE image_manifest ADD stored_at timestamptz NOT NULL DEFAULT now();
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE image_manifest DROP stored_at;
      ALTER TABLE image DROP hidden_contents;
      DROP INDEX layer_contents_ix, layer_unindexed_ix;
      ALTER TABLE layer DROP content_keys;
      DROP FUNCTION content_buckets;
      CREATE INDEX layer_unindexed_ix ON layer (diff_id) WHERE path_keys IS NULL;
    `);
  }
}
