import { Injectable } from '@nestjs/common';
import { managedKindsOf, Unavailable } from '@tidewaiter/domain';
import { ConfigState, Every } from '@tidewaiter/runtime';

import { Store } from '../core/store.js';
import { ManagedEntries } from './managed-entries.js';

const lookEveryMs = 1_000;

/** Reloads the configuration of a service when a managed entry that it uses changes. */
@Injectable()
export class EntryWatch {
  constructor(
    private readonly store: Store,
    private readonly entries: ManagedEntries,
    private readonly state: ConfigState,
  ) {}

  @Every(lookEveryMs)
  async look(): Promise<void> {
    const kinds = managedKindsOf(this.store.service);
    try {
      // Also a lower revision is another state: that of a restored database.
      if ((await this.entries.revision(kinds)) === this.state.managed?.revision) return;
      this.state.offer(await this.entries.current(kinds));
    } catch (error) {
      // While PostgreSQL is away, the entries that were read last stay in use.
      if (!(error instanceof Unavailable)) throw error;
    }
  }
}
