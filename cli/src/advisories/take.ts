import { join } from 'node:path';

import { advisoryFilePath, cacheDir } from '../cache-dir.js';
import { printStderr } from '../context.js';
import { isUpRunning } from '../database.js';
import { count } from '../terminal.js';
import { changeAdvisories, type DestinationFlags, filePathOf } from './destination.js';
import { type TakeFileFlags, takeInto } from './take-file.js';

/** Flags of a sync from an artifact. */
export interface TakeFlags extends DestinationFlags, TakeFileFlags {
  acceptRemovals?: boolean;
}

/** Takes an artifact into the local file, the platform's database, or both. */
export async function takeAll(from: string, flags: TakeFlags): Promise<void> {
  const path = await filePathOf(flags);
  if (path !== undefined) return takeInto(path, from, flags);
  // Beside an `up`, `scan` reads the local file, which is filled first; elsewhere a copy of the
  // artifact is kept, so that the next sync needs only changes.
  const isShared = flags.database !== true && (await isUpRunning());
  const copy = isShared ? advisoryFilePath() : join(cacheDir(flags.cacheDir), 'artifact.db');
  await takeInto(copy, from, flags);
  const [{ AdvisoryFile }, { loadAdvisories }] = await Promise.all([
    import('@tidewaiter/advisory-file'),
    import('@tidewaiter/store'),
  ]);
  using file = AdvisoryFile.open(copy);
  await changeAdvisories(async (_, store) => {
    const start = performance.now();
    const loaded = await loadAdvisories(store, file, { acceptsRemovals: flags.acceptRemovals ?? false });
    if (flags.quiet === true) return;
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    const counts = `${count(loaded.changed)} advisories written, ${count(loaded.gone)} removed`;
    printStderr(`database: ${counts}, ${count(loaded.facts)} of other facts, in ${seconds} s`);
  });
}
