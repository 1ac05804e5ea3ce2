import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';

import { Client } from 'pg';

import { throwAwayServers, type ThrowAwayServers } from './throw-away-servers.js';

let servers: ThrowAwayServers<{ postgres: true; redis: true }>;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true, redis: true });
});

afterAll(async () => servers.stop());

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('throwAwayServers', () => {
  it('starts only the wanted servers', () => {
    expect(Object.keys(servers).toSorted()).toEqual(['postgres', 'redis', 'stop']);
  });

  it('creates a database for every suite, or a copy of a prepared one', async () => {
    const prepared = await servers.postgres.createDatabase();
    await query(prepared, 'CREATE TABLE ship (name text)');
    const copy = await servers.postgres.createDatabase(new URL(prepared).pathname.slice(1));
    await query(copy, "INSERT INTO ship VALUES ('tide')");
    expect(await query(copy, 'SELECT name FROM ship')).toEqual([{ name: 'tide' }]);
    expect(await query(prepared, 'SELECT name FROM ship')).toEqual([]);
    const fresh = await servers.postgres.createDatabase();
    await expect(query(fresh, 'SELECT FROM ship')).rejects.toThrow('does not exist');
  });

  it('creates databases with the current schema, each with an identity of its own, or an empty one', async () => {
    const identity = async () => query(await servers.postgres.createDatabase(), 'SELECT id FROM database_life');
    const [one, other] = [await identity(), await identity()];
    expect(one).toHaveLength(1);
    expect(one).not.toEqual(other);
    const empty = await servers.postgres.createDatabase('template1');
    await expect(query(empty, 'SELECT FROM database_life')).rejects.toThrow('does not exist');
  });

  it('keeps committed data through SIGKILL, and none through wipe', async () => {
    const { postgres } = servers;
    const url = await postgres.createDatabase();
    await query(url, 'CREATE TABLE ship AS SELECT 1 AS id');
    await postgres.kill();
    await expect(query(url, 'SELECT')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await postgres.restart();
    expect(await query(url, 'SELECT id FROM ship')).toEqual([{ id: 1 }]);
    await postgres.wipe();
    await expect(query(url, 'SELECT')).rejects.toThrow('does not exist');
  });

  it('leaves no process and no file behind', async () => {
    const { postgres, stop } = await throwAwayServers({ postgres: true });
    const [row] = (await query(postgres.url, 'SHOW data_directory')) as { data_directory: string }[];
    const dir = dirname(row!.data_directory);
    expect(await readdir(dir)).toContain('postgres');
    await stop();
    await expect(readdir(dir)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(once(connect(postgres.port, '127.0.0.1'), 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});
