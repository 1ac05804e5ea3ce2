import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Secret } from '@tidewaiter/domain';
import { Redis } from 'ioredis';

/** The default backs off to 20 seconds, during which a worker would idle after Redis is back. */
const retryStrategy = (times: number) => Math.min(times * 200, 2_000);

/** Connections to Redis: one that fails fast for those who add, one that waits for each worker. */
@Injectable()
export class RedisConnections implements OnApplicationShutdown {
  readonly #producer: Redis;
  readonly #workers: Redis[] = [];

  constructor(private readonly url: Secret) {
    // The job is in PostgreSQL already; adding it must not hang while Redis is away.
    this.#producer = new Redis(url.reveal(), { retryStrategy, enableOfflineQueue: true, maxRetriesPerRequest: 1 });
    this.#producer.on('error', () => undefined);
  }

  producer(): Redis {
    return this.#producer;
  }

  worker(): Redis {
    const redis = new Redis(this.url.reveal(), { retryStrategy, maxRetriesPerRequest: null });
    redis.on('error', () => undefined);
    this.#workers.push(redis);
    return redis;
  }

  async ping(): Promise<void> {
    await this.#producer.ping();
  }

  onApplicationShutdown(): void {
    for (const redis of [this.#producer, ...this.#workers]) redis.disconnect();
  }
}
