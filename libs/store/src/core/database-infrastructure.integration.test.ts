import { setTimeout as sleep } from 'node:timers/promises';

import { Secret } from '@tidewaiter/domain';
import { describeWith, programs, startDatabase, type TestDatabase } from '@tidewaiter/testkit';
import { Client } from 'pg';
import type { DataSource } from 'typeorm';

import { connect } from './data-source.js';
import { PatientClient } from './patient-client.js';
import { Store } from './store.js';

let database: TestDatabase | undefined;
const open: DataSource[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map(async (each) => each.destroy()));
  await database?.stop();
  database = undefined;
});

async function start(options: Parameters<typeof startDatabase>[0]): Promise<TestDatabase> {
  return (database = await startDatabase(options));
}

async function connected(url: string, poolSize = 4): Promise<DataSource> {
  const dataSource = await connect({ url: new Secret(url), poolSize, name: 'test' });
  open.push(dataSource);
  return dataSource;
}

const settingOf = async (db: Pick<DataSource, 'query'>, name: string) => {
  const [row] = await db.query<{ value: string }[]>('SELECT current_setting($1) AS value', [name]);
  return row?.value;
};

describeWith(programs('pgbouncer'))('connect', () => {
  it('migrates through PgBouncer in transaction mode, from several processes at once, and leaves no state there', async () => {
    const url = await (await start({ pooler: true, tls: true })).createDatabase('template1');
    const [first] = await Promise.all([connected(url), connected(url), connected(url)]);
    await new Store(first, 'test').transaction(async (tx) => {
      expect(await tx.query(`SELECT current_setting('statement_timeout') AS value`)).toEqual([{ value: '1min' }]);
      expect(await tx.query(`SELECT current_setting('idle_in_transaction_session_timeout') AS value`)).toEqual([
        { value: '1min' },
      ]);
    });
    // Each of the pooled connections may be the one that was used.
    for (let round = 0; round < 10; round += 1) {
      expect(await settingOf(first, 'statement_timeout')).toBe('0');
      expect(await first.query('SELECT name FROM pg_prepared_statements')).toEqual([]);
    }
    expect(await first.query(`SELECT pid FROM pg_locks WHERE locktype = 'advisory'`)).toEqual([]);
  });
});

describeWith(programs('pgbouncer'))('prepared statements', () => {
  const text = 'SELECT $1::int AS value';
  /** Runs a statement in several connections and sessions at once, alone and in transactions. */
  const used = async (dataSource: DataSource) => {
    const store = new Store(dataSource, 'test');
    for (let round = 0; round < 8; round += 1) {
      const alone = Array.from({ length: 6 }, async () => store.query(text, [round]));
      const inside = Array.from({ length: 6 }, async () => store.transaction(async (tx) => tx.query(text, [round])));
      for (const rows of await Promise.all([...alone, ...inside])) expect(rows).toEqual([{ value: round }]);
    }
  };
  const namesIn = async (dataSource: DataSource) =>
    dataSource.transaction(async (tx) => {
      const rows = await tx.query<{ name: string }[]>('SELECT name FROM pg_prepared_statements WHERE statement = $1', [
        text,
      ]);
      return rows.map(({ name }) => name);
    });

  it.each([
    ['a server', {}, /^tidewaiter_\d+$/],
    ['a pooler that keeps them', { pooler: true, pooledStatements: 100 }, /^PGBOUNCER_/],
    ['a pooler that keeps none', { pooler: true, pooledStatements: 0 }, null],
  ] as const)('are used with %s as it can', async (_, options, names) => {
    const url = await (await start(options)).createDatabase();
    const [one, other] = await Promise.all([connected(url, 6), connected(url, 6)]);
    await Promise.all([used(one), used(other)]);
    const found = await namesIn(one);
    if (names) expect(found).toEqual([expect.stringMatching(names)]);
    else expect(found).toEqual([]);
  });

  it('are dropped and made again after a change of the columns, and repeated alone without an error', async () => {
    const url = await (await start({})).createDatabase();
    const store = new Store(await connected(url, 1), 'test');
    await store.query('CREATE TABLE changed (id integer, value integer)');
    await store.query('INSERT INTO changed VALUES (1, 2)');
    const read = async (): Promise<unknown> => store.query('SELECT value FROM changed WHERE id = $1', [1]);
    for (let round = 0; round < 4; round += 1) expect(await read()).toEqual([{ value: 2 }]);
    const changeTo = async (type: string) => store.query(`ALTER TABLE changed ALTER value TYPE ${type}`);
    await changeTo('text');
    for (let round = 0; round < 5; round += 1) expect(await read()).toEqual([{ value: '2' }]);
    await changeTo('integer USING value::integer');
    // Within a transaction the statement cannot be repeated: the work is, as after an outage.
    const inTransaction = async () =>
      store.transaction(async (tx) => tx.query('SELECT value FROM changed WHERE id = $1', [1]));
    await expect(inTransaction()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    expect(await inTransaction()).toEqual([{ value: 2 }]);
    const [{ names } = { names: 0 }] = await store.query<{ names: number }>(
      `SELECT count(*)::int AS names FROM pg_prepared_statements WHERE statement LIKE '%FROM changed%'`,
    );
    expect(names).toBeLessThanOrEqual(1);
  });
});

describe('PatientClient', () => {
  it('ends a statement that takes longer than its limit on the server, too', async () => {
    const url = await (await start({ tls: true })).createDatabase();
    const client = new PatientClient({ connectionString: url, limitMs: 300 });
    await client.connect();
    await expect(client.query('SELECT pg_sleep(100)')).rejects.toThrow('Query read timeout');
    const watcher = new Client({ connectionString: url });
    await watcher.connect();
    const running = async () => {
      const { rows } = await watcher.query(`SELECT FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(100)'`);
      return rows.length;
    };
    while ((await running()) > 0) await sleep(50);
    await watcher.end();
  });
});

describe('DatabaseHosts', () => {
  it.each(['kill', 'freeze'] as const)(
    'finds the primary again within seconds of a failover (%s), and loses no commit',
    async (how) => {
      const pair = await start({ standby: true, tls: true });
      const store = new Store(await connected(await pair.createDatabase()), 'test');
      await store.query('CREATE TABLE written (number integer PRIMARY KEY)');
      const acknowledged: { number: number; at: number }[] = [];
      const over = new AbortController();
      const write = async () => {
        for (let number = 0; !over.signal.aborted; number += 1) {
          // As everywhere in the product: a statement that failed is tried again.
          await store
            .transaction(async (tx) => tx.query('INSERT INTO written VALUES ($1) ON CONFLICT DO NOTHING', [number]))
            .then(
              () => acknowledged.push({ number, at: performance.now() }),
              () => (number -= 1),
            );
          await sleep(20);
        }
      };
      const writing = write();
      while (acknowledged.length < 20) await sleep(10);
      const failedAt = performance.now();
      await pair.failOver(how);
      while ((acknowledged.at(-1)?.at ?? 0) < failedAt + 1_000) await sleep(10);
      const firstAfter = acknowledged.find(({ at }) => at > failedAt + 200)!.at;
      over.abort();
      await writing;
      const rows = await store.query<{ number: number }>('SELECT number FROM written');
      const stored = new Set(rows.map(({ number }) => number));
      expect(acknowledged.filter(({ number }) => !stored.has(number))).toEqual([]);
      // It takes 1 to 3 seconds; without the watch a frozen host would cost a minute.
      expect(firstAfter - failedAt).toBeLessThan(30_000);
    },
  );

  it('connects no host while all are standbys or away, and says so', async () => {
    const pair = await start({ standby: true });
    const url = (await pair.createDatabase()).replace(/\/test_\w+/, '/postgres');
    await pair.kill();
    await expect(connect({ url: new Secret(url), poolSize: 2, name: 'test' })).rejects.toThrow(
      /no host of the database takes changes: .*ECONNREFUSED.*is a standby/,
    );
  });
});
