import type { Command } from 'commander';

import { type DestinationFlags, withDestinationFlags, withKeeper } from './destination.js';

interface ImportFlags extends DestinationFlags {
  acceptRemovals?: boolean;
  quiet?: boolean;
}

export function importCommand(advisories: Command): void {
  const command = advisories
    .command('import')
    .description('read the same from files, where nothing can be fetched')
    .argument(
      '<path...>',
      'an all.zip of the OSV bucket, a folder of such archives, a folder of .json records; kev.json, epss.csv[.gz]',
    )
    .option('--accept-removals', 'believe an archive that most records of an ecosystem are gone')
    .option('--quiet', 'say only what went wrong');
  withDestinationFlags(command).action(async (paths: string[], flags: ImportFlags) => {
    const [{ advisorySources, importFiles }, { ReadingProgress }] = await Promise.all([
      import('@tidewaiter/advisory-sync'),
      import('./reading-progress.js'),
    ]);
    // All of them before anything is written: a mistyped path should fail at once.
    const sources = (await Promise.all(paths.map(advisorySources))).flat();
    const listener = new ReadingProgress(flags.quiet ?? false);
    const acceptsRemovals = flags.acceptRemovals ?? false;
    await withKeeper(flags, async (keeper) => importFiles(sources, { keeper, listener, acceptsRemovals }));
  });
}
