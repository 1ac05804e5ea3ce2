import { Module } from '@nestjs/common';

import { EntryWatch } from './entry-watch.js';
import { FileEntries } from './file-entries.js';
import { ManagedEntries } from './managed-entries.js';

/** Entries that are managed by API. A service that imports it follows their changes. */
@Module({ providers: [ManagedEntries, FileEntries, EntryWatch], exports: [ManagedEntries, FileEntries] })
export class EntriesModule {}
