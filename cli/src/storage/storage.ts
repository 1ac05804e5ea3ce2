import { NotFound, printable } from '@tidewaiter/domain';
import type { Removal, RemovalCounts, Removals, RemovalTarget, Store, StoredTable } from '@tidewaiter/store';
import { type Command, Option } from 'commander';

import { environment, printStderr } from '../context.js';
import { changeStore, withStore } from '../database.js';
import { fit, secondOf } from '../terminal.js';

const exitUsage = 64;

interface DeleteOptions {
  connection?: string;
  yes?: boolean;
}

/** Commands that show what takes the space of the database, and delete data. */
export function storageCommand(program: Command): void {
  const storage = program
    .command('storage')
    .description('show the size of each table and what is deleted when')
    .addOption(new Option('-o, --output <format>', 'how').choices(['table', 'json']).default('table'))
    .action(async ({ output }: { output: 'table' | 'json' }) => withStore(async (store) => show(store, output)));
  storage
    .command('delete')
    .description('delete all data of a repository or a cluster; without --yes only counts it')
    .argument('<kind>', 'repository or cluster')
    .argument('<name>', 'name of the repository or cluster')
    .option('--connection <name>', 'registry of the repository; needed if several have it')
    .option('--yes', 'delete')
    .action(async (kind: string, name: string, options: DeleteOptions, command: Command) => {
      if (kind !== 'repository' && kind !== 'cluster') {
        command.error('error: delete a repository or a cluster', { exitCode: exitUsage });
      }
      await (options.yes ? changeStore('removal.requested', deletion) : withStore(deletion));

      async function deletion(store: Store): Promise<void> {
        const target: RemovalTarget =
          kind === 'cluster'
            ? { kind, name }
            : { kind: 'repository', name, connection: await connectionOf(store, name, options) };
        await deleteData(await removalsOf(store), target, options.yes === true);
      }
    });
  storage
    .command('deletions')
    .description('list deletions of repositories and clusters, newest first')
    .action(async () => withStore(async (store) => listDeletions(await removalsOf(store))));
}

async function removalsOf(store: Store): Promise<Removals> {
  const { removalsIn } = await import('@tidewaiter/store');
  return removalsIn(store);
}

async function show(store: Store, output: 'table' | 'json'): Promise<void> {
  const [{ Storage }, { configOf, retentionSettings }] = await Promise.all([
    import('@tidewaiter/store'),
    import('@tidewaiter/runtime'),
  ]);
  const tables = await new Storage(store).tables(new (configOf(retentionSettings))(environment));
  if (output === 'json') {
    process.stdout.write(`${JSON.stringify({ tables }, null, 2)}\n`);
    return;
  }
  for (const [kind, group] of Map.groupBy(tables, (table) => table.kind)) {
    process.stdout.write(`${sizeText(sumOf(group)).padStart(9)}  ${kind}\n`);
    for (const table of group) process.stdout.write(`${fit(lineOf(table), process.stdout)}\n`);
  }
  process.stdout.write(`${sizeText(sumOf(tables)).padStart(9)}  in all\n`);
}

function sumOf(tables: readonly StoredTable[]): number {
  return tables.reduce((sum, { bytes }) => sum + bytes, 0);
}

function lineOf({ table, bytes, rows, oldest, rule, due }: StoredTable): string {
  const parts = [
    `${sizeText(bytes).padStart(9)}    ${table.padEnd(22)}`,
    `${(rows?.toLocaleString('en') ?? '?').padStart(11)} rows`,
    oldest === null ? ''.padEnd(16) : `since ${oldest.toISOString().slice(0, 10)}`,
    rule.text,
  ];
  if (due !== null && due > 0) parts.push(`next run: ${due.toLocaleString('en')}`);
  return parts.join('  ');
}

function sizeText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

/** @throws NotFound `REMOVAL_EMPTY`, and `REMOVAL_UNCLEAR` where several registries have it */
async function connectionOf(store: Store, repository: string, { connection }: DeleteOptions): Promise<string> {
  if (connection !== undefined) return connection;
  const found = await store.aggregate<{ connection: string }>(
    'SELECT DISTINCT connection FROM push WHERE repository = $1 ORDER BY 1',
    [repository],
  );
  const names = found.map((each) => each.connection);
  if (names.length === 0) throw new NotFound('REMOVAL_EMPTY', `there is no data of the repository ${repository}`);
  if (names.length === 1) return names[0]!;
  throw new NotFound('REMOVAL_UNCLEAR', `${names.join(', ')} have a repository ${repository}: add --connection`);
}

async function deleteData(removals: Removals, target: RemovalTarget, isConfirmed: boolean): Promise<void> {
  const { deleted, kept } = await removals.preview(target);
  printStderr(`deletes ${countsText(deleted)}`);
  if (Object.values(kept).some((count) => count > 0)) printStderr(`keeps ${countsText(kept)}`);
  if (!isConfirmed) {
    printStderr('nothing was deleted: add --yes');
    return;
  }
  const { id } = await removals.request(target);
  process.stdout.write(`${id}\n`);
  printStderr('the platform deletes it now: `tidewaiter storage deletions`');
}

async function listDeletions(removals: Removals): Promise<void> {
  const found = await removals.list();
  for (const removal of found) process.stdout.write(`${fit(deletionLine(removal), process.stdout)}\n`);
  if (found.length === 0) printStderr('no deletions');
}

function deletionLine({ id, requestedAt, kind, connection, name, state, deleted, kept }: Removal): string {
  const place = [kind, connection, name].filter(Boolean).join(' ');
  const inUse =
    state === 'waiting' && Object.values(kept).some((count) => count > 0) ? `waits for ${countsText(kept)}` : '';
  return [id, secondOf(requestedAt), printable(place), state, countsText(deleted), inUse].filter(Boolean).join('  ');
}

function countsText(counts: RemovalCounts): string {
  const some = Object.entries(counts).filter(([, count]) => count > 0);
  return some.map(([name, count]) => `${count.toLocaleString('en')} ${name}`).join(', ') || 'nothing';
}
