import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The periodic message of a receiver is a summary; a digest is a hash. */
export class SummaryMessages1764000221000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await rename(db, 'digest', 'summary');
  }

  async down(db: QueryRunner): Promise<void> {
    await rename(db, 'summary', 'digest');
  }
}

async function rename(db: QueryRunner, from: string, to: string): Promise<void> {
  await db.query(`
    UPDATE delivery SET message = jsonb_set(message, '{kind}', '"${to}"') WHERE message->>'kind' = '${from}';
    UPDATE delivery SET held_for = regexp_replace(held_for, '\\n${from}$', E'\\n${to}') WHERE held_for LIKE E'%\\n${from}';
    UPDATE alert_group SET key = regexp_replace(key, '\\n${from}$', E'\\n${to}') WHERE key LIKE E'%\\n${from}';
  `);
}
