import { Injectable } from '@nestjs/common';
import { Every, Logger } from '@tidewaiter/runtime';
import { Pushes, Store } from '@tidewaiter/store';

const intervalMs = 10_000;

/**
 * Requeues pushes that no job or event would resume: the last resort for the guarantee that every
 * push ends.
 */
@Injectable()
export class StalledPushRecovery {
  constructor(
    private readonly store: Store,
    private readonly pushes: Pushes,
    private readonly logger: Logger,
  ) {}

  @Every(intervalMs)
  async requeue(): Promise<void> {
    const requeued = await this.store.transaction((tx) => this.pushes.wakeStranded(tx));
    if (requeued > 0) this.logger.warn({ pushes: requeued }, 'stalled pushes requeued');
  }
}
