import { Controller } from '@nestjs/common';
import { blindSpotWithout, scopeName } from '@tidewaiter/advisories';
import { Subscribe } from '@tidewaiter/bus';
import { advisoryChanged, consumers, type EventOf } from '@tidewaiter/events';
import { FleetMatches, Pushes, Store, jobsOf } from '@tidewaiter/store';

/** Enqueues jobs for every change of advisories that affects the fleet. */
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
      // Pushes evaluated without such advisories are evaluated again, even if none of the new ones
      // matches.
      const scopes = await this.fleet.scopes(tx, change);
      const blind = await this.pushes.warned(tx, scopes.map(scopeName).map(blindSpotWithout));
      await tx.enqueue(...jobsOf('reevaluate', blind, 'bulk'));
    });
  }
}
