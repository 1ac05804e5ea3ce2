import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * State of its own for pushes of signatures, attestations and charts, which were `refused` before.
 */
export class NotAnImage1764000132000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`UPDATE push SET state = 'not-an-image' WHERE state = 'refused' AND code = 'NOT_AN_IMAGE'`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`UPDATE push SET state = 'refused' WHERE state = 'not-an-image'`);
  }
}
