import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Order of a tag's entries, which times alone do not determine, and entries seen in the registry
 * without a push.
 */
export class TagPositions1764000130000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE tag_ledger ADD position integer, ADD is_seen boolean NOT NULL DEFAULT false, ADD confirmed_at timestamptz;
      UPDATE tag_ledger SET position = ordered.position FROM (
        SELECT id, row_number() OVER (PARTITION BY connection, repository, tag ORDER BY at, id) AS position FROM tag_ledger) AS ordered
      WHERE tag_ledger.id = ordered.id;
      ALTER TABLE tag_ledger ALTER position SET NOT NULL;
      DROP INDEX tag_ledger_tag_ix, tag_ledger_push_ux;
      CREATE INDEX tag_ledger_tag_ix ON tag_ledger (connection, repository, tag, position);
      -- A push has one entry of its own; what a registry is seen to have again may refer to it, too.
      CREATE UNIQUE INDEX tag_ledger_push_ux ON tag_ledger (push_id) WHERE NOT is_seen;
      CREATE INDEX tag_ledger_seen_ix ON tag_ledger (push_id) WHERE is_seen;
      ALTER TABLE push ADD is_late boolean NOT NULL DEFAULT false;
      CREATE TABLE registry_look (
        connection text CONSTRAINT registry_look_pk PRIMARY KEY,
        completed_at timestamptz NOT NULL
      );
      INSERT INTO registry_look (connection, completed_at)
      SELECT connection, max(looked_at) FROM registry_repository GROUP BY connection;
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      DROP TABLE registry_look;
      ALTER TABLE push DROP is_late;
      DELETE FROM tag_ledger WHERE is_seen AND digest IS NOT NULL;
      DROP INDEX tag_ledger_tag_ix, tag_ledger_push_ux, tag_ledger_seen_ix;
      ALTER TABLE tag_ledger DROP position, DROP is_seen, DROP confirmed_at;
      CREATE INDEX tag_ledger_tag_ix ON tag_ledger (connection, repository, tag, at);
      CREATE UNIQUE INDEX tag_ledger_push_ux ON tag_ledger (push_id);
    `);
  }
}
