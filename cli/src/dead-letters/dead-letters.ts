import { NotFound, printable } from '@tidewaiter/domain';
import type { DeadLetter, DeadLetters, Store } from '@tidewaiter/store';
import { type Command, Option } from 'commander';

import { printStderr } from '../context.js';
import { changeStore, withStore } from '../database.js';
import { checkListOptions, listOptions } from '../lists/lists.js';
import { fit, secondOf } from '../terminal.js';

const pageSize = 200;
const exitFailed = 2;
const exitUsage = 64;
const outputs = ['table', 'json'] as const;
const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

interface RedriveOptions {
  all?: boolean;
  query?: string;
  dryRun?: boolean;
}

/** Commands that list and redrive dead letters. */
export function deadLettersCommand(program: Command): void {
  const letters = listOptions(program.command('dead-letters'), 'dead-letters');
  letters
    .command('list')
    .description('list failed jobs, newest first')
    .option('--all', 'include failed jobs that were retried')
    .addOption(new Option('-o, --output <format>', 'how').choices(outputs).default('table'))
    .action(async (_: object, command: Command) => {
      checkListOptions(command, { output: outputs });
      const { all = false, output } = command.optsWithGlobals<{ all?: boolean; output: string }>();
      await withStore(async (store) => {
        const found = await lettersOf(store);
        return output === 'json' ? listJson(found, all) : listTable(found, all);
      });
    });
  letters
    .command('redrive')
    .description('retry failed jobs')
    .argument('[id...]', 'ids from `dead-letters list`')
    .option('--all', 'every failed job that was not retried yet')
    .option('--query <query>', 'those that match, as in the list: "worker=delivery created<1d"')
    .option('--dry-run', 'count them, and retry none')
    .action(async (ids: string[], { all = false, query, dryRun = false }: RedriveOptions, command: Command) => {
      if ([ids.length > 0, all, query !== undefined].filter(Boolean).length !== 1)
        command.error('error: give either ids, --all or --query', { exitCode: exitUsage });
      if (dryRun && ids.length > 0) command.error('error: --dry-run needs --all or --query', { exitCode: exitUsage });
      const where = ids.length > 0 ? null : await queryOf(query ?? '');
      if (where && dryRun) return withStore(async (store) => countMatching(store, where));
      const wrong = ids.find((id) => !uuid.test(id));
      if (wrong !== undefined) command.error(`error: ${printable(wrong)} is no id`, { exitCode: exitUsage });
      await changeStore('dead-letter.redriven', async (store) => {
        const letters = await lettersOf(store);
        await (where ? store.unlimited(async () => redriveAll(letters, where)) : redriveSome(letters, ids));
      });
    });
}

async function lettersOf(store: Store): Promise<DeadLetters> {
  const { DeadLetters } = await import('@tidewaiter/store');
  return new DeadLetters(store);
}

async function* everyLetter(letters: DeadLetters, all: boolean): AsyncGenerator<DeadLetter> {
  const { readCursor } = await import('@tidewaiter/store');
  for (let next: string | null | undefined; next !== null;) {
    const page = await letters.list({ limit: pageSize, after: next ? readCursor(next) : undefined }, { all });
    yield* page.items;
    next = page.next;
  }
}

/** Prints the letters in the shape of the API's lists, streamed: there may be very many. */
async function listJson(letters: DeadLetters, all: boolean): Promise<void> {
  let separator = '\n';
  process.stdout.write('{ "items": [');
  for await (const letter of everyLetter(letters, all)) {
    process.stdout.write(`${separator}  ${JSON.stringify(letter)}`);
    separator = ',\n';
  }
  process.stdout.write('\n], "next": null }\n');
}

async function listTable(letters: DeadLetters, all: boolean): Promise<void> {
  let found = 0;
  for await (const letter of everyLetter(letters, all)) {
    found++;
    process.stdout.write(`${fit(lineOf(letter), process.stdout)}\n`);
  }
  if (found === 0) printStderr('no dead letters');
}

function lineOf({ id, createdAt, worker, code, subject, reason, attempts, redrivenAt }: DeadLetter): string {
  const state = redrivenAt ? 'tried again' : `${attempts} attempts`;
  const parts = [id, secondOf(createdAt), worker.padEnd(10), code, subject, state, reason];
  return parts.map((part) => printable(part)).join('  ');
}

async function redriveSome(letters: DeadLetters, ids: readonly string[]): Promise<void> {
  let redriven = 0;
  for (const id of ids) {
    if (await redrive(letters, id)) redriven++;
    else printStderr(`${id}: there is none, or nothing that could be tried again`);
  }
  printStderr(`${redriven} of ${ids.length} will be tried again`);
  if (redriven < ids.length) process.exitCode = exitFailed;
}

type Query = Parameters<DeadLetters['redriveAll']>[0];

/** @throws InvalidInput `QUERY_INVALID` */
async function queryOf(text: string): Promise<Query> {
  const { deadLetterFields, parseQuery } = await import('@tidewaiter/query');
  return parseQuery(text, deadLetterFields, new Date());
}

async function countMatching(store: Store, where: Query): Promise<void> {
  const { deadLetterList, Lists } = await import('@tidewaiter/store');
  const { count, isAtLeast } = await store.unlimited(async () => new Lists(store).total(deadLetterList, where));
  printStderr(`${count}${isAtLeast ? ' or more' : ''} would be tried again`);
}

async function redriveAll(letters: DeadLetters, where: Query): Promise<void> {
  const { redriven, kept } = await letters.redriveAll(where);
  const rest = kept > 0 ? `; ${kept} cannot be, since the message was no event, or is gone` : '';
  printStderr(`${redriven} will be tried again${rest}`);
}

async function redrive(letters: DeadLetters, id: string): Promise<boolean> {
  try {
    await letters.redrive(id);
    return true;
  } catch (error) {
    if (error instanceof NotFound) return false;
    throw error;
  }
}
