import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Logger, repeat, type Repetition } from '@tidewaiter/runtime';
import { Pushes, Store } from '@tidewaiter/store';

const intervalMs = 10_000;

/** Resumes pushes that nothing else would resume: the last resort behind "every push comes to an end". */
@Injectable()
export class StalledPushRecovery implements OnApplicationBootstrap, BeforeApplicationShutdown {
  #waking: Repetition | undefined;

  constructor(
    private readonly store: Store,
    private readonly pushes: Pushes,
    private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.#waking = repeat(() => this.#requeue(), intervalMs, this.logger);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#waking?.stop();
  }

  async #requeue(): Promise<void> {
    const requeued = await this.store.transaction((tx) => this.pushes.wakeStranded(tx));
    if (requeued > 0) this.logger.warn({ pushes: requeued }, 'stalled pushes requeued');
  }
}
