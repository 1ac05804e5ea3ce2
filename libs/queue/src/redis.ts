import { readFileSync } from 'node:fs';

import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { InvalidInput } from '@tidewaiter/domain';
import { hostUrls, type RedisConfig, type ServerWait, ServerWaits } from '@tidewaiter/runtime';
import { Cluster, Redis, type RedisOptions } from 'ioredis';

/**
 * Reconnect backoff. The default grows to 20 seconds, during which a worker would idle after Redis
 * is back.
 */
const retryStrategy = (times: number) => Math.min(times * 200, 2_000);

/** A timer of this length outlives every closed connection, and with it the process. */
const disconnectTimeout = 100;

const ports = { single: 6_379, cluster: 6_379, sentinel: 26_379 };

/**
 * Writes like a queue: a replica, a full server and a server of a cluster that has another slot
 * refuse it, all of which answer PING.
 */
const writeCheck = `redis.call('SET', KEYS[1], ARGV[1], 'PX', 60000) return redis.call('GET', KEYS[1])`;

/** Prefix of the keys of a queue. A cluster has keys of the same text in braces on one server. */
export function prefixOf(queue: string): string {
  return `tidewaiter:{${queue}}`;
}

type Client = Redis | Cluster;

/** Connections to Redis: one that fails fast for producers, and one that waits for each worker. */
@Injectable()
export class RedisConnections implements OnApplicationShutdown {
  readonly #producer: Client;
  readonly #open = new Set<Client>();

  constructor(
    private readonly server: RedisConfig,
    private readonly waits: ServerWaits = new ServerWaits(),
  ) {
    // The job is in PostgreSQL already; adding it must not hang while Redis is away.
    this.#producer = this.#connect({ maxRetriesPerRequest: 1 }, false);
    this.#followWaits(this.#producer);
  }

  producer(): Client {
    return this.#producer;
  }

  worker(): Client {
    const redis = this.#connect({ maxRetriesPerRequest: null }, true);
    // BullMQ makes a second connection from this one for its blocking reads, and cannot close it
    // while Redis is away.
    const duplicate = redis.duplicate.bind(redis) as (...options: unknown[]) => Client;
    redis.duplicate = ((...options: unknown[]) => this.#keep(duplicate(...options))) as never;
    return redis;
  }

  /** Writes what queues of these prefixes write. @throws Error of Redis, or of the connection */
  async check(prefixes: readonly string[]): Promise<void> {
    await Promise.all(prefixes.map(async (prefix) => this.#producer.eval(writeCheck, 1, `${prefix}:check`, '1')));
  }

  onApplicationShutdown(): void {
    for (const redis of this.#open) redis.disconnect();
  }

  /** @param isPatient whether commands wait for a cluster that is away */
  #connect(options: RedisOptions, isPatient: boolean): Client {
    const { kind, hosts, ...address } = addressOf(this.server);
    const common = { ...address.options, retryStrategy, disconnectTimeout, ...options };
    if (kind === 'single') return this.#keep(new Redis({ ...hosts[0]!, ...common }));
    if (kind === 'sentinel') {
      const { redisSentinelPassword } = this.server;
      return this.#keep(
        new Redis({
          sentinels: hosts,
          name: address.name,
          sentinelRetryStrategy: retryStrategy,
          ...(redisSentinelPassword && { sentinelPassword: redisSentinelPassword.reveal() }),
          ...(common.tls && { enableTLSForSentinelMode: true, sentinelTLS: common.tls }),
          ...common,
        }),
      );
    }
    return this.#keep(
      new Cluster(hosts, {
        clusterRetryStrategy: retryStrategy,
        enableOfflineQueue: isPatient,
        redisOptions: common,
        // Names stay names, which certificates are made for.
        dnsLookup: (host, callback) => callback(null, host),
      }),
    );
  }

  #keep(redis: Client): Client {
    // Connections retry through an outage, and each caller gets its error.
    redis.on('error', () => undefined);
    this.#open.add(redis);
    return redis;
  }

  #followWaits(redis: Client): void {
    let wait: ServerWait | undefined = this.waits.begin('Redis');
    let reason: unknown;
    const note = (error: unknown) => {
      reason = error;
      wait?.failed(error);
    };
    redis.on('ready', () => {
      wait?.over();
      wait = reason = undefined;
    });
    redis.on('close', () => {
      wait ??= this.waits.begin('Redis');
      if (reason !== undefined) wait.failed(reason);
    });
    redis.on('error', (error) => note((error as { lastNodeError?: unknown }).lastNodeError ?? error));
    redis.on('end', () => wait?.over());
  }
}

interface Address {
  kind: keyof typeof ports;
  hosts: { host: string; port: number }[];
  /** Name of the server that sentinels watch. */
  name: string;
  options: RedisOptions;
}

/**
 * Address of a URL: `redis://host/1`, `redis+sentinel://a,b/name/1` or `redis+cluster://a,b`; with
 * `rediss` for TLS.
 * @throws InvalidInput `CONFIG_INVALID`
 */
function addressOf(server: RedisConfig): Address {
  const urls = hostUrls(server.redisUrl.reveal()).map((url) => new URL(url));
  const { protocol, pathname, username, password } = urls[0]!;
  const kind = protocol.includes('+sentinel') ? 'sentinel' : protocol.includes('+cluster') ? 'cluster' : 'single';
  const parts = pathname.split('/').slice(1).filter(Boolean).map(decodeURIComponent);
  const name = kind === 'sentinel' ? parts.shift() : '';
  if (name === undefined) throw invalid('lacks the name of the server: redis+sentinel://HOST/NAME');
  if (kind === 'single' && urls.length > 1)
    throw invalid('names several servers: use redis+sentinel: or redis+cluster:');
  const db = Number(parts[0] ?? 0);
  if (!Number.isSafeInteger(db) || (kind === 'cluster' && db !== 0)) throw invalid('has no such database');
  const tls = tlsOf(server, protocol.startsWith('rediss'));
  return {
    kind,
    name,
    hosts: urls.map((url) => ({
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: url.port === '' ? ports[kind] : Number(url.port),
    })),
    options: {
      ...(username !== '' && { username: decodeURIComponent(username) }),
      ...(password !== '' && { password: decodeURIComponent(password) }),
      ...(db !== 0 && { db }),
      ...(tls && { tls }),
    },
  };
}

/** Options that read the files anew for each connection. */
function tlsOf(
  { redisCaFile, redisCertFile, redisKeyFile }: RedisConfig,
  isTls: boolean,
): RedisOptions['tls'] | undefined {
  if ((redisCertFile === undefined) !== (redisKeyFile === undefined))
    throw new InvalidInput(
      'CONFIG_INVALID',
      'TIDEWAITER_REDIS_CERT_FILE and TIDEWAITER_REDIS_KEY_FILE are needed together',
    );
  const files = Object.entries({ ca: redisCaFile, cert: redisCertFile, key: redisKeyFile });
  const given = files.filter((entry): entry is [string, string] => entry[1] !== undefined);
  if (!isTls && given.length === 0) return undefined;
  const tls = {};
  for (const [option, path] of given)
    Object.defineProperty(tls, option, { enumerable: true, get: () => readFileSync(path) });
  return tls;
}

function invalid(problem: string): InvalidInput {
  return new InvalidInput('CONFIG_INVALID', `TIDEWAITER_REDIS_URL ${problem}`);
}
