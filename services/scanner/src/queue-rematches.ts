import { Controller } from '@nestjs/common';
import { Subscribe } from '@tidewaiter/bus';
import { advisoryChanged, consumers, type EventOf } from '@tidewaiter/events';
import { FleetMatches, Store } from '@tidewaiter/store';

/** Turns every change of advisories that concerns the fleet into a job. */
@Controller()
export class QueueRematches {
  constructor(
    private readonly store: Store,
    private readonly fleet: FleetMatches,
  ) {}

  @Subscribe(consumers.scanner, advisoryChanged)
  async handle({ id, data: { change, packages } }: EventOf<typeof advisoryChanged>): Promise<void> {
    await this.store.once(consumers.scanner.name, id, async (tx) => {
      if (await this.fleet.holds(tx, packages)) await tx.enqueue({ queue: 'rematch', key: change, class: 'bulk' });
    });
  }
}
