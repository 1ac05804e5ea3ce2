import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Containment orders, and the changes of their states. */
export class Containment1764000670000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE containment_order (
        id uuid CONSTRAINT containment_order_pk PRIMARY KEY,
        incident_id uuid NOT NULL CONSTRAINT containment_order_incident_fk REFERENCES incident ON DELETE CASCADE,
        cluster text NOT NULL,
        action text NOT NULL,
        namespace text,
        subject jsonb NOT NULL,
        author text NOT NULL,
        reason text NOT NULL,
        approved_by text,
        dry_run boolean NOT NULL,
        undoes uuid,
        state text NOT NULL,
        envelope jsonb,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        code text,
        report jsonb,
        evidence jsonb
      );
      CREATE INDEX containment_order_incident_ix ON containment_order (incident_id);
      CREATE UNIQUE INDEX containment_order_automatic_ux ON containment_order (incident_id, author, (subject - 'uid'))
        WHERE author LIKE 'policy:%';
      CREATE INDEX containment_order_undoes_ix ON containment_order (undoes) WHERE undoes IS NOT NULL;
      CREATE INDEX containment_order_waiting_ix ON containment_order (cluster, id) WHERE state = 'ordered';
      CREATE INDEX containment_order_expiry_ix ON containment_order (expires_at) WHERE state IN ('requested', 'ordered');
      CREATE TABLE containment_transition (
        order_id uuid NOT NULL CONSTRAINT containment_transition_order_fk REFERENCES containment_order ON DELETE CASCADE,
        position integer NOT NULL,
        state text NOT NULL,
        at timestamptz NOT NULL,
        actor text,
        code text,
        detail text,
        CONSTRAINT containment_transition_pk PRIMARY KEY (order_id, position)
      );
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE containment_transition; DROP TABLE containment_order');
  }
}
