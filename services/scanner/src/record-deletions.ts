import { Controller } from '@nestjs/common';
import { Subscribe } from '@tidewaiter/bus';
import { consumers, type EventOf, registryDeleted } from '@tidewaiter/events';
import { Pushes, Store } from '@tidewaiter/store';

/** Notes in the tag ledger what a registry says is gone. What is known of the images stays: they may still run. */
@Controller()
export class RecordDeletions {
  constructor(
    private readonly store: Store,
    private readonly pushes: Pushes,
  ) {}

  @Subscribe(consumers.scanner, registryDeleted)
  async handle({ id, time, data }: EventOf<typeof registryDeleted>): Promise<void> {
    await this.store.once(consumers.scanner.name, id, async (tx) => {
      await this.pushes.deleted(tx, { ...data, actor: data.deletedBy, toldAt: time });
    });
  }
}
