import { setTimeout as sleep } from 'node:timers/promises';

import { Unavailable } from '@tidewaiter/domain';
import { type ServerWait, ServerWaits } from '@tidewaiter/runtime';
import type { DataSource, QueryRunner } from 'typeorm';

import { connect, type ConnectionOptions, connectPatiently } from './data-source.js';

const retryMs = 500;

/** Connection of one service to PostgreSQL. Until it is made, every use of it is an outage. */
export class StoreConnection {
  readonly #stopped = new AbortController();
  #dataSource: DataSource | undefined;
  #connecting: Promise<void> = Promise.resolve();

  private constructor() {}

  /** Waits for PostgreSQL, as a service does that can do nothing without it. */
  static async wait(options: ConnectionOptions): Promise<StoreConnection> {
    const connection = new StoreConnection();
    connection.#dataSource = await connectPatiently(options);
    return connection;
  }

  /**
   * Connects; once that fails, or takes long, it goes on in the background for however long it
   * takes.
   */
  static async inBackground(options: ConnectionOptions): Promise<StoreConnection> {
    const connection = new StoreConnection();
    const wait = (options.waits ?? new ServerWaits(options.log)).begin('PostgreSQL');
    connection.#connecting = connection.#connect(options, wait);
    await wait.settled;
    return connection;
  }

  /** @throws Unavailable `STORE_UNAVAILABLE` while there is no connection */
  createQueryRunner(): QueryRunner {
    if (!this.#dataSource) throw new Unavailable('STORE_UNAVAILABLE', 'PostgreSQL cannot be reached');
    return this.#dataSource.createQueryRunner();
  }

  async close(): Promise<void> {
    this.#stopped.abort();
    await this.#connecting;
    await this.#dataSource?.destroy();
  }

  async #connect(options: ConnectionOptions, wait: ServerWait): Promise<void> {
    const { signal } = this.#stopped;
    while (!this.#dataSource && !signal.aborted) {
      try {
        this.#dataSource = await connect(options);
      } catch (error) {
        // Also a wrong password: it may be put right on the server.
        wait.failed(error);
        await sleep(retryMs, undefined, { signal }).catch(() => undefined);
      }
    }
    wait.over();
  }
}
