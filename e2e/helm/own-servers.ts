import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { findPrograms, freePort } from '@tidewaiter/servers';
import { throwAwayServers } from '@tidewaiter/testkit';
import { Client } from 'pg';

import { runIn, temporaryFolder } from '../tidewaiter.js';
import { startRelay } from './relay.js';

const deploy = resolve(__dirname, '../../deploy');

/** Servers of a site, outside of the cluster. */
export interface OwnServers {
  /** Folder of `tidewaiter secrets`, whose addresses lead to them. */
  secrets: string;
  stop(): Promise<void>;
}

/**
 * Starts servers with the users of `tidewaiter secrets`, as docs/kubernetes.md describes it.
 * @param host name of this machine for the services
 */
export async function startOwnServers(host: string): Promise<OwnServers> {
  const folder = temporaryFolder();
  const secrets = join(folder, 'secrets');
  await runIn(folder, 'secrets', secrets);
  const database = await throwAwayServers({ postgres: true });
  await makeRoles(database.postgres.url, readFileSync(join(secrets, 'postgres-users.sql'), 'utf8'));
  // PostgreSQL of the tests listens on 127.0.0.1 alone.
  const relay = await startRelay(() => ({ host: '127.0.0.1', port: database.postgres.port }));
  const programs = await findPrograms(process.env['PATH']);
  const [nats, redis] = [await freePort(), await freePort()];
  const running = [
    start(programs.nats!, ['-c', await natsConfig(folder, secrets, nats)]),
    start(programs.redis!, [redisConfig(folder, secrets, redis)]),
  ];
  const ports = { postgres: relay.port, nats, redis };
  for (const file of readdirSync(secrets).filter((name) => name.endsWith('-url'))) {
    const path = join(secrets, file);
    const address = readFileSync(path, 'utf8').replace(
      /@(postgres|nats|redis):\d+/,
      (_, name: keyof typeof ports) => `@${host}:${ports[name]}`,
    );
    chmodSync(path, 0o600);
    writeFileSync(path, address);
  }
  return {
    secrets,
    async stop() {
      for (const child of running) if (child.kill('SIGKILL')) await once(child, 'exit');
      await relay.stop();
      await database.stop();
    },
  };
}

/** The superuser of the tests has the name of the owner, so that it gets another one first. */
async function makeRoles(url: string, script: string): Promise<void> {
  const { username, pathname } = new URL(url);
  await execute(url, `CREATE ROLE administrator SUPERUSER LOGIN PASSWORD 'administrator'`);
  const administrator = new URL(url);
  [administrator.username, administrator.password, administrator.pathname] = [
    'administrator',
    'administrator',
    '/postgres',
  ];
  await execute(
    administrator.href,
    `ALTER ROLE ${username} RENAME TO ${username}_before`,
    `ALTER DATABASE ${pathname.slice(1)} RENAME TO ${pathname.slice(1)}_before`,
    ...script.split('\n').filter(Boolean),
  );
}

async function execute(url: string, ...statements: string[]): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

async function natsConfig(folder: string, secrets: string, port: number): Promise<string> {
  const text = readFileSync(join(deploy, 'nats.conf'), 'utf8')
    .replace('0.0.0.0:4222', `0.0.0.0:${port}`)
    .replace('127.0.0.1:8222', `127.0.0.1:${await freePort()}`)
    .replace('"/data"', JSON.stringify(join(folder, 'nats')));
  copyFileSync(join(secrets, 'nats-users.conf'), join(folder, 'users.conf'));
  return written(join(folder, 'nats.conf'), text);
}

function redisConfig(folder: string, secrets: string, port: number): string {
  const data = join(folder, 'redis');
  mkdirSync(data);
  const text = readFileSync(join(deploy, 'redis.conf'), 'utf8')
    .replace('dir /data', `dir ${data}`)
    .replace('/etc/redis/users.acl', join(secrets, 'redis-users.acl'));
  return written(join(folder, 'redis.conf'), `${text}port ${port}\n`);
}

function written(path: string, text: string): string {
  writeFileSync(path, text);
  return path;
}

function start(program: string, args: string[]): ChildProcess {
  return spawn(program, args, { stdio: 'ignore' });
}
