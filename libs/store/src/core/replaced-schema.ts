import { setTimeout } from 'node:timers/promises';

import type { DataSource } from 'typeorm';

import { type ConnectionOptions, openUnlimited } from './data-source.js';

const aside = 'tidewaiter_before_restore';
/** PostgreSQL lists a session until its process has ended, a moment after the service closed it. */
const leavingMs = 3000;

/** Schema of a database while a backup takes its place: a failed restore leaves it as it was. */
export class ReplacedSchema {
  #isAside = false;

  private constructor(
    private readonly dataSource: DataSource,
    /** Names of the services that are connected. */
    readonly users: readonly string[],
  ) {}

  /** Gives services that have just been stopped a moment until their sessions are gone. */
  static async begin(options: ConnectionOptions): Promise<ReplacedSchema> {
    const dataSource = await openUnlimited(options);
    const deadline = Date.now() + leavingMs;
    let users = await services(dataSource, options.name);
    while (users.length > 0 && Date.now() < deadline) {
      await setTimeout(100);
      users = await services(dataSource, options.name);
    }
    return new ReplacedSchema(dataSource, users);
  }

  /** Makes an empty schema in the place of the present one. */
  async setAside(): Promise<void> {
    await this.dataSource.transaction(async (tx) => {
      await tx.query(`DROP SCHEMA IF EXISTS ${aside} CASCADE`);
      await tx.query(`ALTER SCHEMA public RENAME TO ${aside}`);
      await tx.query('CREATE SCHEMA public AUTHORIZATION pg_database_owner');
      await tx.query('GRANT USAGE ON SCHEMA public TO PUBLIC');
    });
    this.#isAside = true;
  }

  async putBack(): Promise<void> {
    if (!this.#isAside) return;
    await this.dataSource.transaction(async (tx) => {
      await tx.query('DROP SCHEMA public CASCADE');
      await tx.query(`ALTER SCHEMA ${aside} RENAME TO public`);
    });
    this.#isAside = false;
  }

  async drop(): Promise<void> {
    await this.dataSource.query(`DROP SCHEMA ${aside} CASCADE`);
    this.#isAside = false;
  }

  async end(): Promise<void> {
    await this.dataSource.destroy();
  }
}

/** Names of the services that are connected, this session's own left out. */
async function services(dataSource: DataSource, own: string): Promise<string[]> {
  const sessions: { name: string }[] = await dataSource.query(
    `SELECT DISTINCT application_name AS name FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid()
       AND application_name LIKE 'tidewaiter-%' AND application_name <> $1 ORDER BY name`,
    [`tidewaiter-${own}`],
  );
  return sessions.map(({ name }) => name);
}
