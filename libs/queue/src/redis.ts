import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Secret } from '@tidewaiter/domain';
import { Redis, type RedisOptions } from 'ioredis';

/**
 * Reconnect backoff. The default grows to 20 seconds, during which a worker would idle after Redis
 * is back.
 */
const retryStrategy = (times: number) => Math.min(times * 200, 2_000);

/** A timer of this length outlives every closed connection, and with it the process. */
const disconnectTimeout = 100;

/** Connections to Redis: one that fails fast for producers, and one that waits for each worker. */
@Injectable()
export class RedisConnections implements OnApplicationShutdown {
  readonly #producer: Redis;
  readonly #open = new Set<Redis>();

  constructor(private readonly url: Secret) {
    // The job is in PostgreSQL already; adding it must not hang while Redis is away.
    this.#producer = this.#connect({ maxRetriesPerRequest: 1 });
  }

  producer(): Redis {
    return this.#producer;
  }

  worker(): Redis {
    const redis = this.#connect({ maxRetriesPerRequest: null });
    // BullMQ makes a second connection from this one for its blocking reads, and cannot close it
    // while Redis is away.
    const duplicate = redis.duplicate.bind(redis);
    redis.duplicate = (options) => this.#keep(duplicate(options));
    return redis;
  }

  async ping(): Promise<void> {
    await this.#producer.ping();
  }

  onApplicationShutdown(): void {
    for (const redis of this.#open) redis.disconnect();
  }

  #connect(options: RedisOptions): Redis {
    return this.#keep(new Redis(this.url.reveal(), { retryStrategy, disconnectTimeout, ...options }));
  }

  #keep(redis: Redis): Redis {
    // Connections retry through an outage, and each caller gets its error.
    redis.on('error', () => undefined);
    this.#open.add(redis);
    return redis;
  }
}
