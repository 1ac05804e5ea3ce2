import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Tables of the detector's replicas, their leases on partitions, and snapshots with position and
 * state.
 */
export class DetectorLeases1764000045000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE detector_replica (
        id uuid CONSTRAINT detector_replica_pk PRIMARY KEY,
        alive_until timestamptz NOT NULL
      );

      CREATE TABLE detector_lease (
        name text CONSTRAINT detector_lease_pk PRIMARY KEY,
        holder uuid,
        token bigint NOT NULL DEFAULT 0, -- grows with every holder: what an earlier one still wants to write is refused
        held_until timestamptz NOT NULL DEFAULT now(),
        crashes integer NOT NULL DEFAULT 0,
        attempting bigint
      );

      CREATE TABLE detector_snapshot (
        name text CONSTRAINT detector_snapshot_pk PRIMARY KEY,
        format text NOT NULL,
        life text,
        position bigint NOT NULL,
        state bytea NOT NULL,
        taken_at timestamptz NOT NULL DEFAULT now()
      );
      -- Packed already; PostgreSQL would try again in vain.
      ALTER TABLE detector_snapshot ALTER COLUMN state SET STORAGE EXTERNAL;
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE detector_snapshot, detector_lease, detector_replica');
  }
}
