import { existsSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { NotFound } from '@tidewaiter/domain';

import { stopLeftover } from './identity.js';
import type { Programs } from './programs.js';
import { ask, type LocalServer, privateFolder, startServer } from './server-process.js';
import { servicePassword } from './service-url.js';

export interface RedisOptions {
  /** Absolute. */
  dataDir: string;
  port: number;
  password: string;
  /** Further users, each with the password of its address by `serviceUrl`. */
  services?: readonly RedisUser[];
  /** Called with the folder to which files were moved with which Redis did not start. */
  onSetAside?: (folder: string) => void;
}

/** User of the keys with a prefix; it may run no command that administers the server. */
export interface RedisUser {
  name: string;
  keyPrefix: string;
}

/**
 * Starts Redis or Valkey for BullMQ: appends every change to a file (synced every second) and never
 * evicts a key. With data that is damaged, as by a full disk, it starts anew: PostgreSQL has all
 * jobs.
 * @throws NotFound `PROGRAM_MISSING`, TidewaiterError `SERVER_START_FAILED`
 * @see https://docs.bullmq.io/guide/going-to-production, "Max memory policy"
 */
export async function startRedis(options: RedisOptions, { redis, setpriv }: Programs): Promise<LocalServer> {
  if (!redis) throw new NotFound('PROGRAM_MISSING', 'redis-server is not installed');
  const { dataDir, port, password } = options;
  const { config, pidFile } = filesIn(dataDir);
  await stopLeftoverRedis(dataDir);
  await privateFolder(dataDir);
  await writeFile(config, redisConfig(options, pidFile), { mode: 0o600 });
  const start = async () =>
    startServer({
      name: 'redis',
      url: `redis://:${encodeURIComponent(password)}@127.0.0.1:${port}`,
      port,
      program: redis,
      args: [config],
      setpriv,
      logFile: join(dataDir, 'redis.log'),
      isReady: async (pid) => isReady(port, password, pid),
    });
  return start().catch(async (failure: unknown) => startWithout(dataDir, start, failure, options.onSetAside));
}

/**
 * Starts without the data; puts them back if they are not why it fails.
 * @param failure of the start with them
 */
async function startWithout(
  dataDir: string,
  start: () => Promise<LocalServer>,
  failure: unknown,
  onSetAside?: RedisOptions['onSetAside'],
): Promise<LocalServer> {
  const data = join(dataDir, 'appendonlydir');
  const aside = `${data}.damaged`;
  if (!existsSync(data)) throw failure;
  await rm(aside, { recursive: true, force: true });
  await rename(data, aside);
  try {
    const server = await start();
    onSetAside?.(aside);
    return server;
  } catch {
    await rm(data, { recursive: true, force: true });
    await rename(aside, data);
    throw failure;
  }
}

/** Stops the server that a killed run left on this data. */
export async function stopLeftoverRedis(dataDir: string): Promise<void> {
  const { config, pidFile } = filesIn(dataDir);
  await stopLeftover(pidFile, config);
}

function filesIn(dataDir: string) {
  return { config: join(dataDir, 'redis.conf'), pidFile: join(dataDir, 'redis.pid') };
}

/**
 * Redis refuses PING while it loads its file; the pid distinguishes our server from any other on
 * that port.
 */
async function isReady(port: number, password: string, pid: number): Promise<boolean> {
  const questions = [['AUTH', password], ['PING'], ['INFO', 'server'], ['QUIT']];
  const answer = await ask(port, questions.map(command).join(''), () => false);
  return answer.includes('+PONG') && answer.includes(`\nprocess_id:${pid}\r\n`);
}

/** @see https://redis.io/docs/latest/develop/reference/protocol-spec/, "Arrays" */
function command(words: string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
}

function redisConfig({ dataDir, port, password, services = [] }: RedisOptions, pidFile: string): string {
  const quoted = (text: string): string => JSON.stringify(text);
  // `set-proc-title no`: else Redis overwrites its command line, by which a leftover server is
  // identified.
  return `bind 127.0.0.1
port ${port}
requirepass ${quoted(password)}
${redisUserLines(services, password).join('\n')}
dir ${quoted(dataDir)}
pidfile ${quoted(pidFile)}
set-proc-title no
daemonize no
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
`;
}

/**
 * Lines of the users for Redis's configuration or ACL file, each with the password of its address
 * by `serviceUrl`. BullMQ needs INFO of what Redis calls dangerous.
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/
 */
export function redisUserLines(users: readonly RedisUser[], ownerPassword: string): string[] {
  return users.map(
    ({ name, keyPrefix }) =>
      `user ${name} on >${servicePassword(ownerPassword, name)} ~${keyPrefix}:* &* +@all -@admin -@dangerous +info`,
  );
}
