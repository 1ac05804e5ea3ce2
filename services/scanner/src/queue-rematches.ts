import { Controller } from '@nestjs/common';
import { blindSpotWithout, scopeName } from '@tidewaiter/advisories';
import { Subscribe } from '@tidewaiter/bus';
import { advisoryChanged, consumers, type EventOf } from '@tidewaiter/events';
import { FleetMatches, Pushes, Store } from '@tidewaiter/store';

/** Turns every change of advisories that concerns the fleet into jobs. */
@Controller()
export class QueueRematches {
  constructor(
    private readonly store: Store,
    private readonly fleet: FleetMatches,
    private readonly pushes: Pushes,
  ) {}

  @Subscribe(consumers.scanner, advisoryChanged)
  async handle({ id, data: { change, packages } }: EventOf<typeof advisoryChanged>): Promise<void> {
    await this.store.once(consumers.scanner.name, id, async (tx) => {
      if (await this.fleet.holds(tx, packages)) await tx.enqueue({ queue: 'rematch', key: change, class: 'bulk' });
      // Whoever could not be judged for want of such advisories can be now, also where none of them hits.
      const scopes = await this.fleet.scopes(tx, change);
      const blind = await this.pushes.warned(tx, scopes.map(scopeName).map(blindSpotWithout));
      await tx.enqueue(...blind.map((key) => ({ queue: 'rejudge', key, class: 'bulk' as const })));
    });
  }
}
