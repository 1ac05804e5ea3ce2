import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Vulnerabilities of packages; those of the fleet, and their upgrades, with counts. */
export class FleetVulnerabilities1764000410000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE package_vulnerability (
        package_id bigint NOT NULL,
        vulnerability_id text NOT NULL,
        kind text NOT NULL,
        severity text NOT NULL,
        fix_state text NOT NULL,
        fix_version text,
        upgrade_to text,
        is_certain boolean NOT NULL,
        advisory_id text NOT NULL,
        evaluation bigint NOT NULL,
        CONSTRAINT package_vulnerability_pk PRIMARY KEY (package_id, vulnerability_id),
        CONSTRAINT package_vulnerability_package_fk FOREIGN KEY (package_id) REFERENCES package ON DELETE CASCADE);
      CREATE INDEX package_vulnerability_id_ix ON package_vulnerability (vulnerability_id);

      CREATE TABLE fleet_vulnerability (
        id text NOT NULL CONSTRAINT fleet_vulnerability_pk PRIMARY KEY,
        kind text NOT NULL,
        title text NOT NULL,
        severity text NOT NULL,
        aliases text[] NOT NULL,
        cvss real,
        published timestamptz,
        kev boolean NOT NULL,
        epss double precision,
        fixable boolean NOT NULL,
        certain boolean NOT NULL,
        packages text[] NOT NULL,
        ecosystems text[] NOT NULL,
        images integer NOT NULL,
        running_images integer,
        workloads integer,
        repositories text[] NOT NULL,
        namespaces text[] NOT NULL,
        clusters text[] NOT NULL,
        first_seen timestamptz NOT NULL,
        gone_at timestamptz,
        risk integer NOT NULL);
      CREATE INDEX fleet_vulnerability_gone_ix ON fleet_vulnerability (gone_at) WHERE gone_at IS NOT NULL;

      CREATE TABLE fleet_upgrade (
        id text NOT NULL CONSTRAINT fleet_upgrade_pk PRIMARY KEY,
        type text NOT NULL,
        ecosystem text,
        package text NOT NULL,
        from_versions text[] NOT NULL,
        to_version text NOT NULL,
        packages text[] NOT NULL,
        vulnerabilities text[] NOT NULL,
        severity text NOT NULL,
        kev boolean NOT NULL,
        epss double precision,
        images integer NOT NULL,
        running_images integer,
        workloads integer,
        repositories text[] NOT NULL,
        namespaces text[] NOT NULL,
        clusters text[] NOT NULL,
        risk integer NOT NULL);

      CREATE TABLE fleet_refresh (
        id boolean NOT NULL CONSTRAINT fleet_refresh_pk PRIMARY KEY,
        claimed_until timestamptz NOT NULL,
        refreshed_at timestamptz,
        counted_at timestamptz,
        state text,
        advisory_change bigint NOT NULL DEFAULT 0);
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE fleet_refresh, fleet_upgrade, fleet_vulnerability, package_vulnerability');
  }
}
