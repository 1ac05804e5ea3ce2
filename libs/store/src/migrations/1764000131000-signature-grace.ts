import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Until when a push waits for its signature, and which of its supply-chain findings were announced. */
export class SignatureGrace1764000131000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE push ADD signature_due_at timestamptz, ADD announced jsonb');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE push DROP announced, DROP signature_due_at');
  }
}
