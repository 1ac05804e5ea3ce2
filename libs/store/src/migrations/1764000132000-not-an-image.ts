import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Signatures, attestations and charts are no refused pushes: they have a state of their own. */
export class NotAnImage1764000132000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`UPDATE push SET state = 'not-an-image' WHERE state = 'refused' AND code = 'NOT_AN_IMAGE'`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`UPDATE push SET state = 'refused' WHERE state = 'not-an-image'`);
  }
}
