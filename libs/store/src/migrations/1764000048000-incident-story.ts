import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Columns for the story of an incident (steps, evidence, affected workloads), and the table of its
 * notified states.
 */
export class IncidentStory1764000048000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE incident
        ADD story_id uuid,
        ADD sentence text NOT NULL DEFAULT '',
        ADD score integer NOT NULL DEFAULT 0,
        ADD merged_into uuid,
        ADD story_revision integer NOT NULL DEFAULT 1,
        ADD workload text, -- namespace/Kind/name
        ADD image text,
        ADD findings text[] NOT NULL DEFAULT '{}',
        ADD techniques text[] NOT NULL DEFAULT '{}',
        ADD steps jsonb NOT NULL DEFAULT '[]',
        ADD workloads jsonb NOT NULL DEFAULT '[]',
        ADD artifacts jsonb NOT NULL DEFAULT '[]',
        ADD facts_used text[] NOT NULL DEFAULT '{}',
        ADD next_steps text[] NOT NULL DEFAULT '{}',
        ADD rules jsonb NOT NULL DEFAULT '[]',
        ADD updated_at timestamptz NOT NULL DEFAULT now();
      UPDATE incident SET story_id = id;
      ALTER TABLE incident ALTER story_id SET NOT NULL;
      CREATE UNIQUE INDEX incident_story_ux ON incident (story_id);
      CREATE INDEX incident_image_ix ON incident (image_digest) WHERE image_digest IS NOT NULL;
      CREATE INDEX incident_artifacts_ix ON incident USING gin (artifacts jsonb_path_ops);
      CREATE INDEX image_layer_diff_ix ON image_layer (diff_id); -- which images share a layer

      CREATE TABLE incident_revision (
        incident_id uuid NOT NULL CONSTRAINT incident_revision_incident_fk REFERENCES incident ON DELETE CASCADE,
        revision integer NOT NULL,
        kind text NOT NULL,
        severity text NOT NULL,
        news text[] NOT NULL,
        actor text, -- null where nobody did it
        at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT incident_revision_pk PRIMARY KEY (incident_id, revision)
      );
    `);
    await retellOldIncidents(db);
    // The builder joins events to incidents by itself now.
    await db.query('ALTER TABLE incident DROP rule, DROP subject_key, DROP image_repository, DROP image_tag');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      DROP TABLE incident_revision;
      DELETE FROM incident;
      DROP INDEX incident_image_ix;
      DROP INDEX incident_artifacts_ix;
      DROP INDEX image_layer_diff_ix;
      ALTER TABLE incident
        ADD rule text NOT NULL,
        ADD subject_key text NOT NULL,
        ADD image_repository text,
        ADD image_tag text,
        DROP story_id, DROP sentence, DROP score, DROP merged_into, DROP story_revision, DROP workload, DROP image, DROP findings,
        DROP techniques, DROP steps, DROP workloads, DROP artifacts, DROP facts_used, DROP next_steps, DROP rules, DROP updated_at;
      CREATE UNIQUE INDEX incident_open_ux ON incident (rule, subject_key) WHERE state = 'open';
    `);
  }
}

/** Converts incidents of one rule and subject to stories of one step. */
async function retellOldIncidents(db: QueryRunner): Promise<void> {
  await db.query(`
    UPDATE incident SET
      sentence = title,
      image = image_repository || coalesce(':' || image_tag, ''),
      updated_at = coalesce(resolved_at, opened_at),
      techniques = ARRAY(
        SELECT DISTINCT upper(substring(tag FROM '(?i)T\\d{4}(?:\\.\\d{3})?$')) FROM jsonb_path_query(evidence, '$[*].tags[*]') AS each,
          LATERAL (SELECT each #>> '{}' AS tag) AS text WHERE tag ~* '^(mitre_)?T\\d{4}(\\.\\d{3})?$' ORDER BY 1),
      rules = jsonb_build_array(jsonb_build_object('id', NULL, 'title', rule, 'author', NULL, 'license', NULL, 'link', NULL)),
      evidence = coalesce((
        SELECT jsonb_agg(jsonb_build_object('event', event -> 'id', 'at', event -> 'at', 'source', event -> 'source',
          'rule', event -> 'rule', 'text', event -> 'output', 'where', concat_ws('/', event #>> '{kubernetes,namespace}',
            event #>> '{kubernetes,pod}', event #>> '{container,name}'), 'record', NULL))
        FROM jsonb_array_elements(evidence) AS event), '[]');
    UPDATE incident SET steps = jsonb_build_array(jsonb_build_object('title', rule, 'technique', techniques[1], 'stage', NULL,
      'severity', severity, 'at', first_seen, 'events', jsonb_path_query_array(evidence, '$[*].event')));
    INSERT INTO incident_revision (incident_id, revision, kind, severity, news, at)
      SELECT id, 1, 'opened', severity, ARRAY[rule], opened_at FROM incident;
    INSERT INTO incident_revision (incident_id, revision, kind, severity, news, actor, at)
      SELECT id, revision, 'resolved', severity, '{}', resolved_by, resolved_at FROM incident
      WHERE state = 'resolved' AND revision > 1;
  `);
}
