import type { AdvisoryHoldings } from '@tidewaiter/advisories';
import type { AdvisoryKeeper } from '@tidewaiter/advisory-sync';
import type { Command } from 'commander';

import { advisoryFilePath } from '../cache-dir.js';
import { hasDatabase, withStore } from '../database.js';

/** The flags that say which advisories are meant: those of the local file, or those of the platform. */
export interface DestinationFlags {
  advisories?: string;
  cacheDir?: string;
  database?: boolean;
}

/** What a status shows, wherever it is. */
export interface Holdings extends AdvisoryHoldings {
  /** Path of the file, or `database`. */
  store: string;
}

export function withDestinationFlags(command: Command): Command {
  return command
    .option('--advisories <path>', 'the local file; advisories.db in the cache unless given')
    .option('--cache-dir <dir>', 'where the local file lies, and downloads while they last')
    .option('--database', "the platform's database, which is meant as well where there is one and no file is named");
}

/** The path of the local file; undefined where the platform's database is meant. */
export async function filePathOf({ advisories, cacheDir, database }: DestinationFlags): Promise<string | undefined> {
  if (advisories !== undefined) return advisories;
  if (database === true || (cacheDir === undefined && (await hasDatabase()))) return undefined;
  return advisoryFilePath(cacheDir);
}

/** Does `work` on what keeps the advisories that are meant. */
export async function withKeeper(
  flags: DestinationFlags,
  work: (keeper: AdvisoryKeeper) => Promise<void>,
): Promise<void> {
  const path = await filePathOf(flags);
  if (path === undefined) {
    const { Advisories, AdvisoryFeeds } = await import('@tidewaiter/store');
    return withStore(async (store) => work(new AdvisoryFeeds(store, new Advisories(store))));
  }
  const { AdvisoryFileWriter } = await import('@tidewaiter/advisory-file');
  using writer = AdvisoryFileWriter.open(path);
  await work(writer);
}

/** @throws NotFound `ADVISORIES_MISSING` where there is no local file yet */
export async function holdingsOf(flags: DestinationFlags, isVerified: boolean): Promise<Holdings> {
  const path = await filePathOf(flags);
  if (path === undefined) {
    const { Advisories, AdvisoryFeeds } = await import('@tidewaiter/store');
    return withStore(async (store) => ({
      store: 'database',
      ...(await new AdvisoryFeeds(store, new Advisories(store)).holdings()),
    }));
  }
  const { AdvisoryFile } = await import('@tidewaiter/advisory-file');
  using file = AdvisoryFile.open(path);
  if (isVerified) file.verify();
  return { store: path, ...file.holdings() };
}
