import { Controller } from '@nestjs/common';
import { Subscribe } from '@tidewaiter/bus';
import { consumers, type EventOf, registryPushed } from '@tidewaiter/events';
import { pushJob, Store } from '@tidewaiter/store';

/** Enqueues a job for every push. */
@Controller()
export class QueuePushes {
  constructor(private readonly store: Store) {}

  @Subscribe(consumers.scanner, registryPushed)
  async handle({ id, data }: EventOf<typeof registryPushed>): Promise<void> {
    await this.store.once(consumers.scanner.name, id, async (tx) => {
      await tx.enqueue(pushJob({ ...data, id: data.pushId }));
    });
  }
}
