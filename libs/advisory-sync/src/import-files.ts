import { resolve } from 'node:path';

import { InvalidInput, LimitExceeded } from '@tidewaiter/domain';

import { readFeed } from './read-feed.js';
import type { ReadOptions } from './read-records.js';
import type { AdvisorySource } from './record-source.js';

/** Reads files; reports unreadable ones to the listener and reads the others. */
export async function importFiles(sources: readonly AdvisorySource[], options: ReadOptions): Promise<void> {
  for (const source of sources) {
    try {
      const origin = { origin: resolve(source.path), etag: null, lastModified: null, askedAt: null };
      options.listener.done(await readFeed(source, origin, options));
    } catch (error) {
      if (!(error instanceof InvalidInput || error instanceof LimitExceeded)) throw error;
      options.listener.failed(source.name, error);
    }
  }
}
