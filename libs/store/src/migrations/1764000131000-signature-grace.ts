import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Time until which a push waits for its signature, and its announced supply-chain findings. */
export class SignatureGrace1764000131000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE push ADD signature_due_at timestamptz, ADD announced jsonb');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE push DROP announced, DROP signature_due_at');
  }
}
