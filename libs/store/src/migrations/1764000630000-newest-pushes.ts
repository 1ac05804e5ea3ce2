import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The newest push of each image, and indexes in the orders of lists. */
export class NewestPushes1764000630000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE INDEX push_received_ix ON push (received_at, id);
      CREATE INDEX push_repository_ix ON push (connection, repository, received_at, id)
        WHERE state <> 'not-an-image' AND (state <> 'accepted' OR artifact = 'image');
      DROP INDEX push_image_image_ix;
      CREATE INDEX push_image_image_ix ON push_image (image_digest, push_id);
      CREATE INDEX image_finding_secret_ix ON image_finding (image_digest) WHERE finding ->> 'kind' = 'secret';

      ALTER TABLE image ADD newest_push_id uuid, ADD pushed_at timestamptz;
      UPDATE image SET newest_push_id = newest.push_id, pushed_at = newest.received_at
      FROM (SELECT DISTINCT ON (image_digest) image_digest, push_id, received_at FROM push_image JOIN push ON push.id = push_id
        ORDER BY image_digest, push_id DESC) AS newest
      WHERE image.digest = newest.image_digest;
      CREATE INDEX image_pushed_ix ON image (pushed_at, digest);

      CREATE FUNCTION note_newest_push() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        -- In one order, or two pushes of the same images could deadlock; the next statement sees what the lock waited for.
        PERFORM FROM image WHERE digest IN (SELECT image_digest FROM changed) ORDER BY digest FOR NO KEY UPDATE;
        UPDATE image SET newest_push_id = newest.push_id, pushed_at = newest.received_at
        FROM (SELECT DISTINCT image_digest FROM changed) AS touched LEFT JOIN LATERAL (
          SELECT push_id, received_at FROM push_image JOIN push ON push.id = push_id
          WHERE push_image.image_digest = touched.image_digest ORDER BY push_id DESC LIMIT 1) AS newest ON true
        WHERE image.digest = touched.image_digest AND newest_push_id IS DISTINCT FROM newest.push_id;
        RETURN NULL;
      END $$;
      CREATE TRIGGER push_image_added AFTER INSERT ON push_image REFERENCING NEW TABLE AS changed
        FOR EACH STATEMENT EXECUTE FUNCTION note_newest_push();
      CREATE TRIGGER push_image_gone AFTER DELETE ON push_image REFERENCING OLD TABLE AS changed
        FOR EACH STATEMENT EXECUTE FUNCTION note_newest_push();
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      DROP TRIGGER push_image_added ON push_image;
      DROP TRIGGER push_image_gone ON push_image;
      DROP FUNCTION note_newest_push;
      ALTER TABLE image DROP newest_push_id, DROP pushed_at;
      DROP INDEX push_received_ix, push_repository_ix, push_image_image_ix, image_finding_secret_ix;
      CREATE INDEX push_image_image_ix ON push_image (image_digest);
    `);
  }
}
