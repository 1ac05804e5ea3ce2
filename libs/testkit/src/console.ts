import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type AccessRole, type AccessScope, Secret } from '@tidewaiter/domain';
import type { Store } from '@tidewaiter/store';

import { throwAwayServers, type ThrowAwayServers } from './throw-away-servers.js';

/** Database and accounts of a console under test. */
interface ConsoleData {
  servers: ThrowAwayServers<{ postgres: true; nats: true }>;
  databaseUrl: string;
  store: Store;
  /** Folder of its `tidewaiter.yaml`. */
  folder: string;
  /** Makes an account; returns its token. */
  tokenOf(name: string, role: AccessRole, scopes?: AccessScope[] | null): Promise<string>;
}

export interface TestConsole extends ConsoleData {
  url: string;
  notices: readonly string[];
  reload(): Promise<void>;
  /** Stops the service alone, at most once. */
  stopService(): Promise<void>;
  stop(): Promise<void>;
}

interface ConsoleOptions {
  /** Variables beside those of servers, port and log. */
  environment?: Record<string, string>;
  /** Files of its folder by name. A `tidewaiter.yaml` among them is its configuration. */
  files?: Record<string, string>;
  /** Writes what is stored before it starts. */
  before?(data: ConsoleData): Promise<void>;
}

type Start = (environment: Record<string, string>) => Promise<Pick<TestConsole, 'url' | 'notices' | 'reload' | 'stop'>>;

/** Key for entries with secrets. */
export const entryKeyOfTests = { TIDEWAITER_ENTRY_KEY: 'a key of this test with more than 32 characters' };

/**
 * Starts the console with servers, a database and a folder of its own, once for a test file.
 * @param start that of `@tidewaiter/console`, which no library may import
 */
export async function startConsole(
  start: Start,
  { environment = {}, files = {}, before }: ConsoleOptions = {},
): Promise<TestConsole> {
  const stops: (() => Promise<unknown>)[] = [];
  // The last that was started ends first.
  const stop = async (): Promise<void> => {
    for (const end of stops.splice(0).toReversed()) await end();
  };
  try {
    const data = await prepare(files, stops);
    await before?.(data);
    const service = await start({
      TIDEWAITER_DATABASE_URL: data.databaseUrl,
      TIDEWAITER_NATS_URL: data.servers.nats.url,
      TIDEWAITER_HTTP_PORT: '0',
      TIDEWAITER_LOG_LEVEL: 'silent',
      ...('tidewaiter.yaml' in files && { TIDEWAITER_CONFIG: join(data.folder, 'tidewaiter.yaml') }),
      ...environment,
    });
    let stopped: Promise<void> | undefined;
    const stopService = async (): Promise<void> => (stopped ??= service.stop());
    stops.push(stopService);
    const { url, notices } = service;
    return { ...data, url, notices, reload: async () => service.reload(), stopService, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function prepare(files: Record<string, string>, stops: (() => Promise<unknown>)[]): Promise<ConsoleData> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'tidewaiter-console-')));
  stops.push(async () => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const servers = await throwAwayServers({ postgres: true, nats: true });
  stops.push(async () => servers.stop());
  const databaseUrl = await servers.postgres.createDatabase();
  // Suites without the console need not load it.
  const { ApiTokens, connect, Store } = await import('@tidewaiter/store');
  const dataSource = await connect({ url: new Secret(databaseUrl), poolSize: 6, name: 'test' });
  stops.push(async () => dataSource.destroy());
  const store = new Store(dataSource, 'test');
  const tokens = new ApiTokens(store);
  return {
    ...{ databaseUrl, servers, store, folder },
    tokenOf: async (name, role, scopes = null) => (await tokens.make(name, role, null, scopes)).reveal(),
  };
}
