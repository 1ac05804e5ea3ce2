import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Tables of advisory feeds with their age, of known exploited vulnerabilities, and of EPSS scores.
 */
export class AdvisoryFeeds1764000021000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE advisory_feed (
        name text CONSTRAINT advisory_feed_pk PRIMARY KEY,
        origin text NOT NULL,
        etag text,
        last_modified text,
        as_of timestamptz NOT NULL,
        checked_at timestamptz NOT NULL,
        changed_at timestamptz NOT NULL,
        records integer NOT NULL,
        rejected integer NOT NULL
      );
      CREATE TABLE kev (
        cve text CONSTRAINT kev_pk PRIMARY KEY,
        added_on date NOT NULL
      );
      CREATE TABLE epss (
        cve text CONSTRAINT epss_pk PRIMARY KEY,
        score double precision NOT NULL,
        percentile double precision NOT NULL
      );
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE advisory_feed, kev, epss');
  }
}
