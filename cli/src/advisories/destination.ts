import type { AdvisoryHoldings } from '@tidewaiter/advisories';
import type { AdvisoryKeeper } from '@tidewaiter/advisory-sync';
import type { Store } from '@tidewaiter/store';
import type { Command } from 'commander';

import { advisoryFilePath } from '../cache-dir.js';
import { changeStore, hasDatabase, isUpRunning, withStore } from '../database.js';

/** Flags that select the advisories: those of the local file, or those of the platform. */
export interface DestinationFlags {
  advisories?: string;
  cacheDir?: string;
  database?: boolean;
}

/** Fields of the status output, for the file and for the database. */
export interface Holdings extends AdvisoryHoldings {
  /** Path of the file, or `database`. */
  store: string;
}

export function withDestinationFlags(command: Command): Command {
  return command
    .option('--advisories <path>', 'the local file; advisories.db in the cache unless given')
    .option('--cache-dir <dir>', 'where the local file lies, and downloads while they last')
    .option(
      '--database',
      "the platform's database alone; unless given, beside an `up` both it and the local file are meant",
    );
}

/**
 * The path of the local file; undefined where the platform's database is selected, alone or first.
 */
export async function filePathOf({ advisories, cacheDir, database }: DestinationFlags): Promise<string | undefined> {
  if (advisories !== undefined) return advisories;
  if (database === true || (cacheDir === undefined && (await hasDatabase()))) return undefined;
  return advisoryFilePath(cacheDir);
}

/** Runs `work` on the store of the selected advisories. */
export async function withKeeper(
  flags: DestinationFlags,
  work: (keeper: AdvisoryKeeper) => Promise<void>,
): Promise<void> {
  const path = await filePathOf(flags);
  if (path !== undefined) return withFile(path, work);
  return changeAdvisories(async (database) => {
    if (flags.database === true || !(await isUpRunning())) return work(database);
    // Beside an `up`, `scan` reads the local file: it must have the same advisories as the
    // platform.
    const { bothKeepers } = await import('@tidewaiter/advisory-sync');
    return withFile(advisoryFilePath(), async (file) => work(bothKeepers(database, file)));
  });
}

/** Changes the advisories of the platform's database, with an entry in the audit log. */
export async function changeAdvisories(work: (keeper: AdvisoryKeeper, store: Store) => Promise<void>): Promise<void> {
  const { Advisories, AdvisoryFeeds } = await import('@tidewaiter/store');
  await changeStore('advisories.changed', async (store) => {
    const feeds = new AdvisoryFeeds(store, new Advisories(store));
    const before = countsOf(await feeds.holdings());
    try {
      await work(feeds, store);
    } finally {
      // An import that fails has stored part of its records.
      const after = countsOf(await feeds.holdings());
      await store.transaction(async (tx) => tx.record({ subject: 'advisories', before, after }));
    }
  });
}

function countsOf({ ecosystems, kev, epss }: AdvisoryHoldings): object {
  return { ecosystems: Object.fromEntries(ecosystems.map((each) => [each.ecosystem, each.records])), kev, epss };
}

async function withFile(path: string, work: (keeper: AdvisoryKeeper) => Promise<void>): Promise<void> {
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
