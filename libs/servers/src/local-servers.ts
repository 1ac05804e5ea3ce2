import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { type LogListener, rotateLogs } from './log-files.js';
import { type NatsUser, startNats, stopLeftoverNats } from './nats.js';
import { freePorts } from './ports.js';
import { startPostgres, stopLeftoverPostgres } from './postgres.js';
import type { Programs } from './programs.js';
import { type RedisOptions, type RedisUser, startRedis, stopLeftoverRedis } from './redis.js';
import type { ServerUrls } from './run.js';
import type { LocalServer } from './server-process.js';
import { type ProcessListener, superviseProcess, type SupervisedProcess } from './supervised-process.js';

export interface LocalServers {
  urls: ServerUrls;
  /** Servers that this process started; a server configured by its address is not stopped. */
  servers: LocalServer[];
  /** Restarts each of them that exits, and rotates their logs, until `stop`. */
  supervise(listener: ProcessListener, notRotated?: LogListener): SupervisedProcess[];
  stop(): Promise<void>;
}

type Start = () => Promise<LocalServer>;
type Passwords = Record<'nats' | 'redis' | 'database', string>;

/**
 * Starts the servers that `use` does not name, all at once, with their data and passwords in `dir`.
 * @throws NotFound `PROGRAM_MISSING`, TidewaiterError `SERVER_START_FAILED`; then nothing is left
 * running
 */
export async function startLocalServers(options: {
  dir: string;
  use?: Partial<ServerUrls>;
  programs: Programs;
  /** Users beside the owner. */
  services?: { nats: readonly NatsUser[]; redis: readonly RedisUser[] };
  onRedisDataSetAside?: RedisOptions['onSetAside'];
}): Promise<LocalServers> {
  const { use = {}, programs, services, onRedisDataSetAside: onSetAside } = options;
  const dir = resolve(options.dir);
  await mkdir(dir, { recursive: true });
  const passwords = await readPasswords(join(dir, 'secrets.json'));
  const [natsPort = 0, redisPort = 0, databasePort = 0] = await freePorts(3);
  const at = (name: string, port: number, password: string) => ({ dataDir: join(dir, name), port, password });
  const starts: Start[] = [];
  if (!use.nats)
    starts.push(async () =>
      startNats({ ...at('nats', natsPort, passwords.nats), user: 'tidewaiter', services: services?.nats }, programs),
    );
  if (!use.redis)
    starts.push(async () =>
      startRedis({ ...at('redis', redisPort, passwords.redis), services: services?.redis, onSetAside }, programs),
    );
  if (!use.database) starts.push(async () => startPostgres(at('postgres', databasePort, passwords.database), programs));
  const servers = await allOrNone(starts);
  let toStop: readonly Pick<LocalServer, 'stop'>[] = servers;
  const urlOf = (name: string): string => servers.find((server) => server.name === name)!.url;
  return {
    urls: {
      nats: use.nats ?? urlOf('nats'),
      redis: use.redis ?? urlOf('redis'),
      database: use.database ?? urlOf('postgres'),
    },
    servers,
    supervise(listener, notRotated) {
      const supervised = servers.map((server, index) => superviseProcess(server, starts[index]!, listener));
      const rotation = rotateLogs(
        servers.map(({ logFile }) => logFile),
        notRotated,
      );
      toStop = [...supervised, { stop: async () => rotation.stop() }];
      return supervised;
    },
    stop: async () => stopAll(toStop),
  };
}

/** Stops the servers that a killed run left in `dir`, each only if it is identified as ours. */
export async function stopLeftovers(dir: string): Promise<void> {
  const folder = (name: string): string => join(resolve(dir), name);
  await Promise.all([
    stopLeftoverNats(folder('nats')),
    stopLeftoverRedis(folder('redis')),
    stopLeftoverPostgres(folder('postgres')),
  ]);
}

async function allOrNone(starts: readonly Start[]): Promise<LocalServer[]> {
  const outcomes = await Promise.allSettled(starts.map(async (start) => start()));
  const servers = outcomes.filter((outcome) => outcome.status === 'fulfilled').map(({ value }) => value);
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (!failure) return servers;
  await stopAll(servers);
  throw failure.reason;
}

async function stopAll(servers: readonly Pick<LocalServer, 'stop'>[]): Promise<void> {
  await Promise.all(servers.map(async (server) => server.stop()));
}

/** Passwords, generated once, because PostgreSQL's data keeps its password. */
async function readPasswords(file: string): Promise<Passwords> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text) return JSON.parse(text) as Passwords;
  const make = (): string => randomBytes(24).toString('base64url');
  const fresh: Passwords = { nats: make(), redis: make(), database: make() };
  await writeFile(`${file}.new`, `${JSON.stringify(fresh, null, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
  return fresh;
}
