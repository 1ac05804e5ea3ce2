import { Controller } from '@nestjs/common';
import { Subscribe } from '@tidewaiter/bus';
import { consumers, type EventOf, imageFailed } from '@tidewaiter/events';
import { Pushes, Store } from '@tidewaiter/store';

import { ConcurrencyLimit } from '../delivery/concurrency-limit.js';
import { FailedPushAlerts } from './failed-push-alerts.js';

/** Notifies of pushes that ended without a verdict. */
@Controller()
export class NotifyOfFailedPushes {
  readonly #limit = new ConcurrencyLimit(2);

  constructor(
    private readonly store: Store,
    private readonly pushes: Pushes,
    private readonly alerts: FailedPushAlerts,
  ) {}

  @Subscribe(consumers.notifier, imageFailed)
  async handle(event: EventOf<typeof imageFailed>): Promise<void> {
    await this.#limit.run(() => this.#notify(event));
  }

  async #notify({ id, data }: EventOf<typeof imageFailed>): Promise<void> {
    const push = await this.pushes.get(data.pushId);
    await this.store.once(consumers.notifier.name, id, async (tx) => {
      // Signatures, attestations and charts are no images. The platforms of an index come without a
      // tag, and the index stands for them.
      if (!push || data.code === 'NOT_AN_IMAGE' || push.origin === 'imported') return;
      const { tag } = push;
      // An event may come late: the push may have been redriven meanwhile.
      if (tag === null || push.state === 'analyzed') return;
      await this.alerts.fire(tx, id, { ...push, tag }, data);
    });
  }
}
