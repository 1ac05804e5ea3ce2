import { Controller } from '@nestjs/common';
import { Subscribe } from '@tidewaiter/bus';
import { severityOf, type Sighting, sightingOf } from '@tidewaiter/detection';
import { compareSeverity, type RuntimeEvent } from '@tidewaiter/domain';
import { consumers, type EventOf, runtimeObserved } from '@tidewaiter/events';
import { type AppliedChanges, Incidents, Store } from '@tidewaiter/store';
import { Counter } from 'prom-client';

import { KnownImages } from './known-images.js';

/** Opens or grows an incident for every runtime event that is urgent enough; repeated events are counted and tell nobody. */
@Controller()
export class OpenIncidents {
  constructor(
    private readonly store: Store,
    private readonly incidents: Incidents,
    private readonly images: KnownImages,
    private readonly counter: Counter<'result'>,
  ) {}

  @Subscribe(consumers.detector, runtimeObserved)
  async handle({ id, data: { events } }: EventOf<typeof runtimeObserved>): Promise<void> {
    // Images are looked up before the transaction: a handler that holds one connection must not wait for a second.
    const sightings = await this.#sightings(events);
    const changes: (keyof AppliedChanges)[] = [];
    const isFirst = await this.store.once(consumers.detector.name, id, async (tx) => {
      for (const sighting of sightings) changes.push((await this.incidents.see(tx, sighting)).change);
    });
    if (!isFirst) return;
    for (const result of changes) this.counter.inc({ result });
    this.counter.inc({ result: 'below-threshold' }, events.length - sightings.length);
  }

  async #sightings(events: readonly RuntimeEvent[]): Promise<Sighting[]> {
    const imageOf = this.images.forBatch();
    const sightings: Sighting[] = [];
    for (const event of events) {
      // Most events are below the threshold, and their images are not worth a look-up.
      const image = severityOf(event.priority) === null ? null : await imageOf(event.container);
      const sighting = sightingOf(event, image);
      if (sighting !== null) sightings.push(sighting);
    }
    return sightings.toSorted(inLockOrder);
  }
}

/**
 * All replicas lock incidents in this order, so none can wait for another in a circle. The worst event of an incident goes
 * first, so that a batch tells of it once.
 */
function inLockOrder(a: Sighting, b: Sighting): number {
  return (
    compareText(a.rule, b.rule) || compareText(a.subjectKey, b.subjectKey) || compareSeverity(a.severity, b.severity)
  );
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
