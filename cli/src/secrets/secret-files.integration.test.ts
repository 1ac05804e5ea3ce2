import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Bus } from '@tidewaiter/bus';
import { Secret } from '@tidewaiter/domain';
import { findPrograms, freePort } from '@tidewaiter/servers';
import { connect, prepareDatabase, roleServices } from '@tidewaiter/store';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import { Redis } from 'ioredis';
import { Client } from 'pg';

import { writeSecretFiles } from './secret-files.js';

const deploy = resolve(__dirname, '../../../deploy');
let folder: string;
/** Names of the files that were written first. */
let written: string[];
let running: ChildProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidewaiter-secrets-'));
  await chmod(folder, 0o755);
  written = await writeSecretFiles(folder);
});

afterAll(async () => {
  for (const child of running) if (child.kill('SIGKILL')) await once(child, 'exit');
  await rm(folder, { recursive: true });
});

const read = async (name: string) => readFile(join(folder, name), 'utf8');

/** Address of a secret file, on the port of this test instead of the container's. */
async function addressIn(name: string, port: number, path?: string): Promise<string> {
  const url = new URL(await read(name));
  url.host = `127.0.0.1:${port}`;
  if (path !== undefined) url.pathname = path;
  return url.href;
}

function start(program: string, args: string[]): void {
  running.push(spawn(program, args, { stdio: 'ignore' }));
}

async function eventually<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 100; ; tries -= 1) {
    try {
      return await work();
    } catch (error) {
      if (tries === 0) throw error;
      await sleep(50);
    }
  }
}

describe('writeSecretFiles', () => {
  it('keeps passwords, and makes the same files from them', async () => {
    const names = ['fingerprint-key', 'entry-key', 'postgres-users.sql', 'scanner-nats-url', 'redis-users.acl'];
    const before = await Promise.all(names.map(read));
    expect(await writeSecretFiles(folder)).toEqual(written);
    expect(await Promise.all(names.map(read))).toEqual(before);
    expect((await stat(join(folder, 'owner-password'))).mode & 0o777).toBe(0o444);
  });

  it('makes users that NATS accepts with the configuration of docker-compose.yml', async () => {
    const { nats } = await findPrograms(process.env['PATH']);
    const port = await freePort();
    const text = (await readFile(join(deploy, 'nats.conf'), 'utf8'))
      .replace('0.0.0.0:4222', `127.0.0.1:${port}`)
      .replace('127.0.0.1:8222', `127.0.0.1:${await freePort()}`)
      .replace('"/data"', JSON.stringify(join(folder, 'nats')));
    await writeFile(join(folder, 'nats.conf'), text);
    await writeFile(join(folder, 'users.conf'), await read('nats-users.conf'));
    start(nats!, ['-c', join(folder, 'nats.conf')]);
    for (const service of roleServices) {
      const url = await addressIn(`${service}-nats-url`, port);
      await (await eventually(async () => Bus.connect(service, { natsUrl: new Secret(url) }))).onApplicationShutdown();
    }
  });

  it('makes users that Redis accepts with the configuration of docker-compose.yml', async () => {
    const { redis } = await findPrograms(process.env['PATH']);
    const port = await freePort();
    const text = (await readFile(join(deploy, 'redis.conf'), 'utf8'))
      .replace('dir /data', `dir ${folder}`)
      .replace('/etc/redis/users.acl', join(folder, 'redis-users.acl'));
    await writeFile(join(folder, 'redis.conf'), `${text}port ${port}\n`);
    start(redis!, [join(folder, 'redis.conf')]);
    const options = { disconnectTimeout: 10, maxRetriesPerRequest: 100 };
    const scanner = new Redis(await addressIn('scanner-redis-url', port), options).on('error', () => undefined);
    expect(await scanner.set('tidewaiter:x', '1')).toBe('OK');
    scanner.disconnect();
    const anonymous = new Redis(port, '127.0.0.1', { ...options, enableReadyCheck: false });
    expect(await anonymous.ping()).toBe('PONG');
    await expect(anonymous.get('tidewaiter:x')).rejects.toThrow('NOPERM');
    anonymous.disconnect();
  });

  describe('in PostgreSQL', () => {
    let servers: ThrowAwayServers<{ postgres: true }>;

    beforeAll(async () => {
      servers = await throwAwayServers({ postgres: true });
    });

    afterAll(async () => servers.stop());

    it('makes an owner that migrates, who is no superuser, and a role for each service', async () => {
      const { port } = servers.postgres;
      const superuser = new Client({ connectionString: servers.postgres.url.replace(/\/\w+$/, '/postgres') });
      await superuser.connect();
      // The superuser of the tests has the name of the owner here.
      const owner = 'compose_owner';
      const script = (await read('postgres-users.sql')).replaceAll(
        /(ROLE|DATABASE|OWNER) tidewaiter\b/g,
        `$1 ${owner}`,
      );
      for (const statement of script.split('\n').filter(Boolean)) await superuser.query(statement);
      const rows = await superuser.query(`SELECT rolname FROM pg_roles WHERE rolsuper AND rolname ~ '^compose|_'`);
      expect(rows.rows.filter(({ rolname }: { rolname: string }) => !rolname.startsWith('pg_'))).toEqual([]);
      await superuser.end();
      const ownerUrl = new URL(await addressIn('owner-database-url', port, owner));
      ownerUrl.username = owner;
      await prepareDatabase({ url: new Secret(ownerUrl.href), poolSize: 2, name: 'test' });
      for (const service of roleServices) {
        const url = await addressIn(`${service}-database-url`, port, owner);
        const dataSource = await connect({ url: new Secret(url), poolSize: 2, name: service });
        expect(await dataSource.query('SELECT FROM job')).toEqual([]);
        await dataSource.destroy();
      }
    });
  });

  it('lets no one but the owner of the folder read them', async () => {
    const fresh = join(folder, 'fresh');
    await writeSecretFiles(fresh);
    expect((await stat(fresh)).mode & 0o777).toBe(0o700);
    const asNobody = new Promise<string>((done) => {
      execFile('cat', [join(fresh, 'owner-password')], { uid: 65_534 }, (error, stdout) => done(error ? 'no' : stdout));
    });
    if (process.getuid?.() === 0) expect(await asNobody).toBe('no');
  });
});
