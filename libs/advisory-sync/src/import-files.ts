import { resolve } from 'node:path';

import { InvalidInput, LimitExceeded } from '@tidewaiter/domain';

import { readFeed } from './read-feed.js';
import type { ReadOptions } from './read-records.js';
import { advisorySources } from './record-source.js';

/**
 * Reads everything that the paths stand for; what cannot be read is told to the listener, and the others are read nevertheless.
 * @throws NotFound `ADVISORIES_MISSING`
 */
export async function importFiles(paths: readonly string[], options: ReadOptions): Promise<void> {
  // All of them before the first write: a mistyped path should be told at once.
  const sources = (await Promise.all(paths.map(advisorySources))).flat();
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
