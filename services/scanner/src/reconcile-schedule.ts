import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Logger, repeat, type Repetition } from '@tidewaiter/runtime';
import { Jobs, Store } from '@tidewaiter/store';

import { Registries } from './registries.js';

export const reconcileQueue = 'reconcile';

const lookMs = 30_000;
/** Registries of one start are not asked at the same moment for ever. */
const spread = 0.2;

/** Queues the next look at each registry when it is due. Every scanner looks, and whoever is first queues it for all. */
@Injectable()
export class QueueReconciliations implements OnApplicationBootstrap, BeforeApplicationShutdown {
  #looking: Repetition | undefined;

  constructor(
    private readonly store: Store,
    private readonly jobs: Jobs,
    private readonly registries: Registries,
    private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.#looking = repeat(() => this.#look(), lookMs, this.logger);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#looking?.stop();
  }

  async #look(): Promise<void> {
    for (const connection of this.registries.names) {
      const { intervalMs } = this.registries.reconciliation(connection);
      const sinceMs = intervalMs * (1 + spread * Math.random());
      if (intervalMs === 0 || (await this.jobs.hasEndedWithin(reconcileQueue, sinceMs, connection))) continue;
      await this.store.transaction((tx) => tx.enqueue({ queue: reconcileQueue, key: connection, class: 'bulk' }));
    }
  }
}
