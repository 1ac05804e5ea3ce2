import { setTimeout as sleep } from 'node:timers/promises';

import { managedKindsOf, type ManagedEntrySet } from '@tidewaiter/domain';

import { connect, type ConnectionOptions, connectPatiently } from '../core/data-source.js';
import { Store } from '../core/store.js';
import { ManagedEntries } from './managed-entries.js';

/** A service that can start without PostgreSQL waits this long for it. */
const maxWaitMs = 3_000;

/** Reads the managed entries with which a service starts, once PostgreSQL answers. */
export async function entriesAtStart(options: ConnectionOptions): Promise<ManagedEntrySet> {
  return read(await connectPatiently(options), options);
}

/** The same for a service that starts without PostgreSQL: null if it does not answer soon. */
export async function entriesIfThere(options: ConnectionOptions): Promise<ManagedEntrySet | null> {
  const reading = connect(options)
    .then(async (dataSource) => read(dataSource, options))
    // The service connects in the background, and reports why it cannot.
    .catch(() => null);
  return Promise.race([reading, sleep(maxWaitMs, null, { ref: false })]);
}

async function read(dataSource: Awaited<ReturnType<typeof connect>>, { name }: ConnectionOptions) {
  try {
    return await new ManagedEntries(new Store(dataSource, name)).current(managedKindsOf(name));
  } finally {
    await dataSource.destroy();
  }
}
