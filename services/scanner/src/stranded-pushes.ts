import { setTimeout as sleep } from 'node:timers/promises';

import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Logger } from '@tidewaiter/runtime';
import { Pushes, Store } from '@tidewaiter/store';

const intervalMs = 10_000;

/** Brings on the pushes that nothing else would: the last resort behind "every push comes to an end". */
@Injectable()
export class StrandedPushes implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #stopped = new AbortController();
  #running: Promise<void> | undefined;

  constructor(
    private readonly store: Store,
    private readonly pushes: Pushes,
    private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.#running = this.#run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      await sleep(intervalMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        const woken = await this.store.transaction((tx) => this.pushes.wakeStranded(tx));
        if (woken > 0) this.logger.warn({ pushes: woken }, 'pushes brought on');
      } catch (err) {
        this.logger.warn({ err }, 'sweep failed');
      }
    }
  }
}
