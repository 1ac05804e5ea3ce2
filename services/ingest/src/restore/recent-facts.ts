import { Injectable } from '@nestjs/common';
import { registryDeleted, registryPushed } from '@tidewaiter/events';
import { Store, type TypedEvent } from '@tidewaiter/store';

const maxFacts = 2_000;
/** Far below the age at which the outbox deletes an event. */
const maxAgeMs = 3_600_000;

/**
 * Pushes and deletions that this process has committed lately: PostgreSQL may become an older copy
 * before the relay has published them.
 */
@Injectable()
export class RecentFacts {
  #events: TypedEvent[] = [];

  constructor(store: Store) {
    store.onCommit(({ events }) => {
      this.#events.push(...events.filter(({ type }) => type === registryPushed || type === registryDeleted));
      // Not at each commit, which would copy the list for each.
      if (this.#events.length > 2 * maxFacts) this.#events = this.#events.slice(-maxFacts);
    });
  }

  /** Events in the order of their commits. */
  get events(): readonly TypedEvent[] {
    const since = Date.now() - maxAgeMs;
    return this.#events.slice(-maxFacts).filter(({ event }) => Date.parse(event.time) > since);
  }
}
