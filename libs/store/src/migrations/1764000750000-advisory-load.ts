import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Drops a check for each row of a load: packages are written with their advisory, which stays. */
export class AdvisoryLoad1764000750000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE advisory_package DROP CONSTRAINT advisory_package_advisory_fk');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(
      `ALTER TABLE advisory_package ADD CONSTRAINT advisory_package_advisory_fk
       FOREIGN KEY (advisory_id) REFERENCES advisory ON DELETE CASCADE`,
    );
  }
}
