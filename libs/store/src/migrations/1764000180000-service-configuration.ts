import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Configuration state of each process, so that the console can show a change that was refused. */
export class ServiceConfiguration1764000180000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE service_configuration (
        service text,
        instance text, -- host and process
        loaded_at timestamptz NOT NULL,
        seen_at timestamptz NOT NULL,
        error_code text,
        error_message text,
        CONSTRAINT service_configuration_pk PRIMARY KEY (service, instance)
      )`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE service_configuration');
  }
}
