import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Secret } from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import { Client } from 'pg';
import type { DataSource } from 'typeorm';

import { connect, migrationPlan } from './core/data-source.js';
import { incompatibilities, type SchemaShape, shapeOf } from './core/schema-shape.js';

let servers: ThrowAwayServers<{ postgres: true }>;
const open: DataSource[] = [];

const lines: { message: string; fields: Record<string, unknown> }[] = [];
const record = (fields: Record<string, unknown>, message: string) => void lines.push({ message, fields });
const log = { info: record, warn: record };

const connectTo = async (url: string, name = 'test') => {
  const dataSource = await connect({ url: new Secret(url), poolSize: 4, name, log });
  open.push(dataSource);
  return dataSource;
};

/** A connection of its own, with the settings of PostgreSQL alone. */
const clientOf = async (url: string, name: string) => {
  const client = new Client({ connectionString: url, application_name: name });
  await client.connect();
  clients.push(client);
  return client;
};
const clients: Client[] = [];

const until = async <T>(look: () => T | undefined): Promise<T> => {
  for (let left = 200; left > 0; left -= 1) {
    const found = look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('nothing came within 10 s');
};

/** TypeORM reads the types of all columns at once over one connection, which pg will refuse. */
const queryInTurn = (dataSource: DataSource): void => {
  const create = dataSource.createQueryRunner.bind(dataSource);
  dataSource.createQueryRunner = (...mode) => {
    const runner = create(...mode);
    const query = runner.query.bind(runner) as (...parameters: unknown[]) => Promise<unknown>;
    let last: Promise<unknown> = Promise.resolve();
    const inTurn = async (...parameters: unknown[]) => (last = last.then(async () => query(...parameters)));
    runner.query = inTurn as typeof runner.query;
    return runner;
  };
};

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
});

afterAll(async () => {
  await Promise.all([...open.map((dataSource) => dataSource.destroy()), ...clients.map((client) => client.end())]);
  await servers.stop();
});

describe('schema', () => {
  it('has entities and tables that agree', async () => {
    const dataSource = await connectTo(await servers.postgres.createDatabase('template1'));
    queryInTurn(dataSource);
    const planned = await dataSource.driver.createSchemaBuilder().log();
    expect(planned.upQueries.map(({ query }) => query)).toEqual([]);
  });

  it('migrates once for processes that start together', async () => {
    const url = await servers.postgres.createDatabase('template1');
    const [first] = await Promise.all([connectTo(url), connectTo(url), connectTo(url)]);
    const applied = await first.query('SELECT name FROM migration');
    expect(applied).toHaveLength(first.migrations.length);
  });

  it('can undo every migration', async () => {
    const dataSource = await connectTo(await servers.postgres.createDatabase('template1'));
    for (let left = dataSource.migrations.length; left > 0; left -= 1) await dataSource.undoLastMigration();
    const tables = await dataSource.query(
      `SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migration'`,
    );
    expect(tables).toEqual([]);
  });

  it('lets the services of the release before go on', async () => {
    const dataSource = await connectTo(await servers.postgres.createDatabase('template1'));
    const recorded = readFileSync(join(__dirname, 'migrations/previous-release.json'), 'utf8');
    const previousRelease = JSON.parse(recorded) as SchemaShape;
    // Expand, then contract a release later: CONTRIBUTING.md, "Migrations".
    expect(incompatibilities(previousRelease, await shapeOf(dataSource))).toEqual([]);
  });
});

describe('connect', () => {
  beforeEach(() => lines.splice(0));

  it('waits for the lock of the migrations beyond the time limit of the database, and logs who holds it', async () => {
    const url = await servers.postgres.createDatabase('template1');
    const holder = await clientOf(url, 'someone-else');
    const database = new URL(url).pathname.slice(1);
    await holder.query(`ALTER DATABASE "${database}" SET statement_timeout = '500ms'`);
    await holder.query(`ALTER DATABASE "${database}" SET lock_timeout = '500ms'`);
    await holder.query('SELECT pg_advisory_lock(8388346167911606644)');
    const connected = connectTo(url);
    await until(() => lines.find(({ message }) => message === 'migration waits for a lock'));
    expect(lines[0]!.fields).toMatchObject({ holders: [{ application: 'someone-else', state: 'idle' }] });
    await holder.query('SELECT pg_advisory_unlock(8388346167911606644)');
    await expect((await connected).query('SELECT count(*) FROM push')).resolves.toEqual([{ count: '0' }]);
  });

  it('has no time limit for the statements of a migration', async () => {
    const url = await servers.postgres.createDatabase('template1');
    const dataSource = await connectTo(url);
    const last = dataSource.migrations.at(-1)!;
    const real = last.constructor.prototype.up;
    await dataSource.query('DELETE FROM migration WHERE name = $1', [last.constructor.name]);
    const limits: unknown[] = [];
    last.constructor.prototype.up = async (db: { query(sql: string): Promise<unknown> }) => {
      for (const name of ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout']) {
        limits.push(await db.query(`SHOW ${name}`));
      }
    };
    try {
      await connectTo(url);
    } finally {
      last.constructor.prototype.up = real;
    }
    expect(limits.flat().map((row) => Object.values(row as object)[0])).toEqual(['0', '0', '0']);
  });

  it('logs who uses a table that a migration waits for', async () => {
    const url = await servers.postgres.createDatabase('template1');
    const dataSource = await connectTo(url);
    const last = dataSource.migrations.at(-1)!;
    const real = last.constructor.prototype.up;
    await dataSource.query('DELETE FROM migration WHERE name = $1', [last.constructor.name]);
    last.constructor.prototype.up = async (db: { query(sql: string): Promise<unknown> }) =>
      db.query('LOCK TABLE push IN ACCESS EXCLUSIVE MODE');
    const reader = await clientOf(url, 'a-report');
    await reader.query('BEGIN');
    await reader.query('SELECT FROM push');
    try {
      const connected = connectTo(url);
      const line = await until(() => lines.find(({ message }) => message === 'migration waits for a lock'));
      expect(line.fields).toMatchObject({ holders: [{ application: 'a-report', state: 'idle in transaction' }] });
      await reader.query('COMMIT');
      await connected;
    } finally {
      last.constructor.prototype.up = real;
    }
  });

  it('waits for the schema where its role may not migrate', async () => {
    const url = await servers.postgres.createDatabase('template1');
    const owner = await clientOf(url, 'owner');
    const role = `reader_${new URL(url).pathname.slice(1)}`;
    await owner.query(`CREATE ROLE "${role}" LOGIN PASSWORD 'test'`);
    const asRole = new URL(url);
    [asRole.username, asRole.password] = [role, 'test'];
    const connected = connectTo(asRole.href, 'reader');
    await until(() => lines.find(({ message }) => message === 'waiting for migrations by another role'));
    await connectTo(url);
    await owner.query(`GRANT SELECT ON migration, push TO "${role}"`);
    await expect((await connected).query('SELECT count(*) FROM push')).resolves.toEqual([{ count: '0' }]);
  });

  it('keeps the migrations before the one that failed', async () => {
    const url = await servers.postgres.createDatabase('template1');
    const blocker = await clientOf(url, 'blocker');
    await blocker.query('CREATE TABLE workload_finding (id int)');
    await expect(connectTo(url)).rejects.toThrow('workload_finding');
    await blocker.query('DROP TABLE workload_finding');
    const before = await blocker.query('SELECT count(*)::int AS count FROM migration');
    expect(before.rows[0].count).toBeGreaterThan(10);
    const dataSource = await connectTo(url);
    const applied = await dataSource.query('SELECT name FROM migration');
    expect(applied).toHaveLength(dataSource.migrations.length);
  });
});

describe('migrationPlan', () => {
  it('has the statements of all pending migrations and runs none', async () => {
    const options = { url: new Secret(await servers.postgres.createDatabase('template1')), poolSize: 2, name: 'test' };
    const plan = await migrationPlan(options);
    expect(plan.every(({ statements }) => statements.length > 0)).toBe(true);
    expect(plan[0]!.statements.join('\n')).toContain('CREATE TABLE outbox');
    const dataSource = await connectTo(options.url.reveal());
    expect(plan).toHaveLength(dataSource.migrations.length);
    expect(await migrationPlan(options)).toEqual([]);
  });
});
