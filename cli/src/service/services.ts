import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { InvalidInput } from '@tidewaiter/domain';
import type { Environment, RunningService } from '@tidewaiter/runtime';
import type { ServerUrls } from '@tidewaiter/servers';

import { environment, home, stateDir, printStderr } from '../context.js';
import { entryKey, fingerprintKey } from '../fingerprint-key.js';

type Loaders = Record<string, () => Promise<{ start(environment: Environment): Promise<RunningService> }>>;

/**
 * Every service of the platform, loaded only when it is started; those whose ports users choose
 * start first.
 */
export const services = {
  ingest: async () => import('@tidewaiter/ingest'),
  console: async () => import('@tidewaiter/console'),
  scanner: async () => import('@tidewaiter/scanner'),
  detector: async () => import('@tidewaiter/detector'),
  notifier: async () => import('@tidewaiter/notifier'),
} satisfies Loaders;

export type ServiceName = keyof typeof services;

export const serviceNames = Object.keys(services) as ServiceName[];

/** Services outside the platform, which connect to none of its servers. */
export const remoteServices = {
  agent: async () => import('@tidewaiter/agent'),
} satisfies Loaders;

export type RemoteServiceName = keyof typeof remoteServices;

export const remoteServiceNames = Object.keys(remoteServices) as RemoteServiceName[];

const stopWithinMs = 8_000;
const variables = {
  nats: 'TIDEWAITER_NATS_URL',
  redis: 'TIDEWAITER_REDIS_URL',
  database: 'TIDEWAITER_DATABASE_URL',
} as const;

export async function startService(name: ServiceName | RemoteServiceName, given: Environment): Promise<RunningService> {
  const { start } = await { ...services, ...remoteServices }[name]();
  return start(given);
}

/** Lets a service end its work, for eight seconds at most. */
export async function stopService(service: RunningService): Promise<void> {
  const late = sleep(stopWithinMs, 'late' as const, { ref: false });
  if ((await Promise.race([service.stop(), late])) === 'late') printStderr(`${service.name} did not end in time`);
}

/**
 * The servers that the environment names, by `TIDEWAITER_…_URL` or a file in
 * `TIDEWAITER_…_URL_FILE`.
 * @throws InvalidInput `CONFIG_INVALID` when such a file cannot be read
 */
export function givenUrls(): Partial<ServerUrls> {
  const urls: Partial<ServerUrls> = {};
  for (const kind of ['nats', 'redis', 'database'] as const) {
    const url = givenUrl(variables[kind]);
    if (url) urls[kind] = url;
  }
  return urls;
}

const keys = { TIDEWAITER_FINGERPRINT_KEY: fingerprintKey, TIDEWAITER_ENTRY_KEY: entryKey };

/** The keys of this folder's services, unless the environment names them. */
export async function serviceKeys(): Promise<Environment> {
  const unnamed = Object.entries(keys).filter(([name]) => !environment[name] && !environment[`${name}_FILE`]);
  const made = unnamed.map(async ([name, keyOf]) => [name, (await keyOf(stateDir)).toString('hex')] as const);
  return Object.fromEntries(await Promise.all(made));
}

/** The environment with the two files of this folder, where it has them and names no others. */
export function configFiles(): Environment {
  const files = { TIDEWAITER_CONFIG: 'tidewaiter.yaml', TIDEWAITER_ROUTING: 'routing.yaml' };
  const found = Object.entries(files).map(([name, file]) => [name, join(home, file)] as const);
  return { ...Object.fromEntries(found.filter(([, path]) => existsSync(path))), ...environment };
}

/**
 * Addresses of the servers of `up` for one service. With servers that `up` has started it has a
 * user of its own, with the rights that it needs.
 * @param started names of the servers that `up` has started
 */
export async function urlsFor(service: ServiceName, urls: ServerUrls, started: readonly string[]): Promise<ServerUrls> {
  const [{ serviceUrl }, { roleOf }] = await Promise.all([import('@tidewaiter/servers'), import('@tidewaiter/store')]);
  return {
    nats: started.includes('nats') ? serviceUrl(urls.nats, service) : urls.nats,
    redis: started.includes('redis') ? serviceUrl(urls.redis, service) : urls.redis,
    database: started.includes('postgres') ? serviceUrl(urls.database, roleOf(service)) : urls.database,
  };
}

/**
 * The environment for one service on the servers of `up`. What the user has set stands, but for the
 * addresses.
 */
export function serviceEnvironment(urls: ServerUrls, more: Environment): Environment {
  return {
    ...configFiles(),
    ...Object.fromEntries(Object.values(variables).map((name) => [`${name}_FILE`, undefined])),
    [variables.nats]: urls.nats,
    [variables.redis]: urls.redis,
    [variables.database]: urls.database,
    ...more,
  };
}

function givenUrl(name: string): string | undefined {
  const file = environment[`${name}_FILE`];
  if (!file) return environment[name] || undefined;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new InvalidInput('CONFIG_INVALID', `${name}_FILE: cannot read the file`, { cause });
  }
}
