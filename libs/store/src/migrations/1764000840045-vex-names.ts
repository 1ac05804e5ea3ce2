import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Index of the vulnerabilities that attached VEX documents name. PostgreSQL derives it, so that it
 * has the documents of every release.
 */
export class VexNames1764000840045 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      -- Names in capitals, from OpenVEX, CSAF and CycloneDX. Longer texts are no ids.
      CREATE FUNCTION vex_names(documents jsonb) RETURNS text[]
        LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
        RETURN (
          SELECT coalesce(array_agg(DISTINCT upper(name #>> '{}')), '{}')
          FROM unnest(ARRAY[
            '$[*].document.statements[*].vulnerability',
            '$[*].document.statements[*].vulnerability.name',
            '$[*].document.statements[*].vulnerability."@id"',
            '$[*].document.statements[*].vulnerability.aliases[*]',
            '$[*].document.vulnerabilities[*].cve',
            '$[*].document.vulnerabilities[*].id',
            '$[*].document.vulnerabilities[*].ids[*].text',
            '$[*].document.vulnerabilities[*].references[*].id'
          ]::jsonpath[]) AS path, jsonb_path_query(documents, path) AS name
          WHERE jsonb_typeof(name) = 'string' AND length(name #>> '{}') <= 200
        );
      CREATE INDEX image_provenance_vex_ix ON image_provenance USING gin (vex_names(vex)) WHERE vex <> '[]';
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      DROP INDEX image_provenance_vex_ix;
      DROP FUNCTION vex_names;
    `);
  }
}
