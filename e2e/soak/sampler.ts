import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { Redis } from 'ioredis';
import { getMetadataArgsStorage } from 'typeorm';

// The compiled files: their decorators do not run as source.
import { entities } from '../../libs/store/dist/core/entities.js';
import { retentionOf } from '../../libs/store/dist/core/retention.js';
import type { FaultyPlatform } from '../faults/platform.ts';
import type { GrowthRule, ProcessUsage, Sample, StoreUsage } from './growth.ts';

const mib = 2 ** 20;
/** Ids in keys of Redis: UUIDs, numbers, and what BullMQ appends to them. */
const idPart = /[0-9a-f]{8}-[0-9a-f-]{27}|\d+/g;

/** Temporary folders of the servers, of the registry and of what builds images. */
const ofTheRig = /^tidewaiter-(?:faults-(?!home-)|registry-|test-|image-|push-)/;

/** Measures processes, PostgreSQL, NATS, Redis and folders of a platform. */
export class Sampler {
  readonly #platform: FaultyPlatform;
  readonly #folders: Readonly<Record<string, string>>;
  readonly #tables: readonly string[];
  readonly #nats: NatsConnection;
  readonly #redis: Redis;
  /** Rules that end the growth of a store, by its name in the samples. */
  readonly rules: Record<string, GrowthRule> = {};

  private constructor(
    platform: FaultyPlatform,
    folders: Readonly<Record<string, string>>,
    tables: readonly string[],
    nats: NatsConnection,
    redis: Redis,
  ) {
    this.#platform = platform;
    this.#folders = folders;
    this.#tables = tables;
    this.#nats = nats;
    this.#redis = redis;
  }

  /** @param folders name and place of those whose files are counted */
  static async start(platform: FaultyPlatform, folders: Readonly<Record<string, string>>): Promise<Sampler> {
    const { nats, redis } = platform.servers;
    const { username, password, host } = new URL(nats.url);
    const tables = await platform.query<{ name: string }>(
      `SELECT relname AS name FROM pg_stat_user_tables WHERE schemaname = 'public' ORDER BY relname`,
    );
    const sampler = new Sampler(
      platform,
      folders,
      tables.map(({ name }) => name),
      await connect({ servers: host, user: username, pass: password }),
      new Redis(redis.url),
    );
    Object.assign(sampler.rules, tableRules());
    sampler.rules['table migration'] = { text: 'one row for each migration', isPermanent: true };
    sampler.rules['files of the spool'] = { text: 'at most TIDEWAITER_SPOOL_MAX_BYTES', isPermanent: false };
    return sampler;
  }

  async sample(): Promise<Omit<Sample, 'atMs'>> {
    return {
      processes: await this.processes(true),
      stores: {
        ...(await this.#tableUsage()),
        ...(await this.#streams()),
        ...(await this.#keys()),
        ...this.#files(),
      },
      ...(await this.#waiting()),
    };
  }

  /** Memory and open files of each service and, as another entry, of a scanner's layer readers. */
  async processes(withHeap: boolean): Promise<Record<string, ProcessUsage>> {
    const found: Record<string, ProcessUsage> = {};
    for (const { name, port, child } of this.#platform.instances.values()) {
      if (child?.pid === undefined) continue;
      found[name] = { ...usageOf([child.pid]), heapMiB: withHeap ? await heapMiB(port) : null };
      const readers = descendantsOf(child.pid);
      if (name.startsWith('scanner')) found[`${name}, its layer readers`] = usageOf(readers);
    }
    return found;
  }

  async stop(): Promise<void> {
    this.#redis.disconnect();
    await this.#nats.close();
  }

  async #tableUsage(): Promise<Record<string, StoreUsage>> {
    const rows = await this.#platform.query<{ name: string; count: string; bytes: string }>(
      this.#tables
        .map(
          (name) =>
            `SELECT '${name}' AS name, (SELECT count(*) FROM "${name}") AS count, pg_total_relation_size('"${name}"') AS bytes`,
        )
        .join(' UNION ALL '),
    );
    return Object.fromEntries(
      rows.map(({ name, count, bytes }) => [`table ${name}`, { count: Number(count), bytes: Number(bytes) }]),
    );
  }

  async #waiting(): Promise<Pick<Sample, 'outbox' | 'oldestPushSeconds'>> {
    const [outbox] = await this.#platform.query<{ unconfirmed: number; oldest: number }>(
      `SELECT count(*)::int AS unconfirmed, coalesce(extract(epoch FROM now() - min(time)), 0)::float AS oldest
       FROM outbox WHERE confirmed_at IS NULL`,
    );
    const [push] = await this.#platform.query<{ oldest: number }>(
      `SELECT coalesce(extract(epoch FROM now() - min(received_at)), 0)::float AS oldest FROM push
       WHERE state IN ('accepted', 'analyzing')`,
    );
    return {
      outbox: { unconfirmed: outbox!.unconfirmed, oldestSeconds: outbox!.oldest },
      oldestPushSeconds: push!.oldest,
    };
  }

  async #streams(): Promise<Record<string, StoreUsage>> {
    const manager = await jetstreamManager(this.#nats);
    const found: Record<string, StoreUsage> = {};
    for await (const { config, state } of manager.streams.list()) {
      const name = `stream ${config.name}`;
      found[name] = { count: state.messages, bytes: state.bytes };
      const limits = [
        config.max_bytes > 0 && `${Math.round(config.max_bytes / mib)} MiB`,
        config.max_age > 0 && `${config.max_age / 3.6e12} h`,
        config.max_msgs > 0 && `${config.max_msgs} messages`,
      ].filter((limit) => limit !== false);
      if (limits.length > 0) this.rules[name] = { text: `at most ${limits.join(', ')}`, isPermanent: false };
    }
    return found;
  }

  async #keys(): Promise<Record<string, StoreUsage>> {
    const found: Record<string, StoreUsage> = {};
    const count = (name: string, by: number) => {
      const usage = (found[name] ??= { count: 0, bytes: null });
      usage.count += by;
    };
    for await (const keys of this.#redis.scanStream({ count: 1_000 }) as AsyncIterable<string[]>) {
      for (const key of keys) {
        count(`Redis ${key.replaceAll(idPart, '*')}`, 1);
        if (key.endsWith(':events')) await this.#eventsOf(key, count);
      }
    }
    const memory = /^used_memory:(\d+)/m.exec(await this.#redis.info('memory'))?.[1];
    found['Redis, all keys'] = { count: await this.#redis.dbsize(), bytes: Number(memory ?? 0) };
    return found;
  }

  /** Entries of a queue's events, whose limit BullMQ keeps beside them. */
  async #eventsOf(key: string, count: (name: string, by: number) => void): Promise<void> {
    const name = `Redis ${key}, entries`;
    count(name, await this.#redis.xlen(key));
    const limit = await this.#redis.hget(key.replace(/:events$/, ':meta'), 'opts.maxLenEvents');
    if (limit !== null) this.rules[name] = { text: `at most some ${limit} entries`, isPermanent: false };
  }

  #files(): Record<string, StoreUsage> {
    return Object.fromEntries(Object.entries(this.#folders).map(([name, path]) => [`files ${name}`, filesIn(path)]));
  }
}

/** Rules of the tables, as their entities declare them. */
function tableRules(): Record<string, GrowthRule> {
  const tables = new Map(getMetadataArgsStorage().tables.map(({ target, name }) => [target as unknown, name!]));
  return Object.fromEntries(
    entities.flatMap((entity) => {
      const rule = ruleOf(retentionOf(entity), tables);
      return rule === null ? [] : [[`table ${tables.get(entity)}`, rule]];
    }),
  );
}

function ruleOf(declared: ReturnType<typeof retentionOf>, tables: ReadonlyMap<unknown, string>): GrowthRule | null {
  if (declared === undefined) return null;
  if (typeof declared === 'string') return { text: declared, isPermanent: true };
  if ('cleaner' in declared) return { text: declared.cleaner, isPermanent: false };
  if ('of' in declared) return { text: `with its row of ${tables.get(declared.of())}`, isPermanent: false };
  return { text: `${declared.days} days after ${declared.since}`, isPermanent: false };
}

function usageOf(pids: readonly number[]): ProcessUsage {
  const usage = { residentMiB: 0, heapMiB: null, openFiles: 0 };
  for (const pid of pids) {
    usage.residentMiB += Number(/^VmRSS:\s+(\d+) kB/m.exec(readText(`/proc/${pid}/status`))?.[1] ?? 0) / 1_024;
    usage.openFiles += namesIn(`/proc/${pid}/fd`).length;
  }
  return usage;
}

async function heapMiB(port: number): Promise<number | null> {
  const text = await fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(5_000) }).then(
    async (answer) => answer.text(),
    () => '',
  );
  const bytes = /^nodejs_heap_size_used_bytes(?:\{[^}\n]*\})? (\S+)$/m.exec(text)?.[1];
  return bytes === undefined ? null : Number(bytes) / mib;
}

function descendantsOf(pid: number): number[] {
  const children = namesIn(`/proc/${pid}/task`).flatMap((task) =>
    readText(`/proc/${pid}/task/${task}/children`).split(' ').filter(Boolean).map(Number),
  );
  return children.flatMap((child) => [child, ...descendantsOf(child)]);
}

function filesIn(path: string): { count: number; bytes: number } {
  const found = { count: 0, bytes: 0 };
  const names = namesIn(path)
    .filter((name) => !ofTheRig.test(name))
    .flatMap((name) => [name, ...namesIn(join(path, name), true).map((inner) => join(name, inner))]);
  for (const name of names) {
    try {
      const file = statSync(join(path, name));
      if (!file.isFile()) continue;
      found.count += 1;
      found.bytes += file.size;
    } catch {
      // It has been deleted since.
    }
  }
  return found;
}

function namesIn(path: string, recursive = false): string[] {
  try {
    return readdirSync(path, { recursive, encoding: 'utf8' });
  } catch {
    return []; // it has ended, or is not there yet
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
