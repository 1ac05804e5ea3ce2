import { InvalidInput, Unavailable } from '@tidewaiter/domain';
import { type Command, InvalidArgumentError, Option } from 'commander';

import { printStderr } from '../context.js';
import { durationOption } from '../duration.js';
import { signedIn } from '../saved-sign-ins.js';
import { getApi, type Server, serverUrl, streamApi } from '../server.js';
import { aligned, secondOf } from '../terminal.js';
import { changesOf } from './changes.js';
import { listColumns, type ListItem, type PrintedList } from './list-columns.js';
import { viewNamed } from './named-view.js';
import { warnOfAge } from './warn-of-age.js';

/** Options of a list. */
export interface ListFlags extends Server {
  output: 'table' | 'json' | 'csv' | 'ndjson';
  sort?: string;
  view?: string;
  limit: number;
  watch?: true;
}

interface ListPage {
  items: ListItem[];
  next: string | null;
  /** Last evaluation of the fleet, in lists that count over it; null before the first. */
  asOf?: string | null;
}

/** Rows that one request asks for. */
const pageSize = 200;
const maxLimit = 1_000_000;
const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;
const exitUsage = 64;

/** Names of rows that differ from that of their list. */
const rowNames: Partial<Record<PrintedList, string>> = {
  audit: 'audit entries',
  containment: 'containment orders',
  'dead-letters': 'dead letters',
};

const descriptions: Record<PrintedList, string> = {
  repositories: 'list the repositories of a platform that match a query',
  images: 'list the images of a platform that match a query; or show one',
  pushes: 'list the pushes of a platform that match a query; or try refused ones again',
  vulnerabilities: 'list the vulnerabilities of the images that run or that a tag points to',
  fixes: 'list the upgrades that close these vulnerabilities',
  workloads: 'list the workloads of a platform that match a query',
  incidents: 'list the incidents of a platform that match a query',
  alerts: 'list the alerts of detection rules that match a query',
  rules: 'list the detection rules of a platform that match a query; or check and try rules of files',
  deliveries: 'list the messages of a platform that match a query; or show and send again',
  silences: 'list the silences of a platform that match a query; or add and end some',
  'dead-letters': 'list the failed jobs of a platform that match a query; or retry them',
  containment: 'list the containment orders of a platform that match a query; or order, approve and undo',
  audit: 'list the actions of users of a platform that match a query; or check their log',
  exceptions: 'list the exceptions of a platform that match a query; or change managed ones',
  policies: 'list the policies of a platform that match a query; or change managed ones',
  signers: 'list the signers of a platform that match a query; or change managed ones',
  registries: 'list the connected registries of a platform that match a query; or change managed ones',
  reports: 'list the scheduled reports of a platform that match a query; or change managed ones',
  sensors: 'list the sensors of a platform that match a query; or change managed ones',
};

/** Command that prints the rows of a list. */
export function listCommand(name: PrintedList): (program: Command) => void {
  return (program) => void listOptions(program.command(name), name);
}

/**
 * Refuses options of a list that its subcommand does not have: commander gives them to the list,
 * wherever they stand. The subcommand gets them by `optsWithGlobals`.
 * @param shared options that it has, too, with the values of each; none stand for any
 */
export function checkListOptions(
  command: Command,
  shared: { [Name in 'output' | 'limit' | 'server' | 'tokenFile' | 'timeout']?: readonly string[] },
): void {
  const list = command.parent!;
  for (const option of list.options) {
    const name = option.attributeName();
    if (list.getOptionValueSource(name) !== 'cli') continue;
    const values = Object.entries(shared).find(([each]) => each === name)?.[1];
    const problem =
      values === undefined
        ? `${command.name()} has no option ${option.long}`
        : values.length > 0 &&
          !values.includes(String(list.getOptionValue(name))) &&
          `${option.long} of ${command.name()} is one of ${values.join(', ')}`;
    if (problem) command.error(`error: ${problem}`, { exitCode: exitUsage });
  }
}

/** Makes a command print the rows of a list. */
export function listOptions(command: Command, name: PrintedList): Command {
  return command
    .description(descriptions[name])
    .argument('[query...]', "conditions that must all hold: 'severity>=high running'")
    .option('--server <url>', 'the platform; that of `login` unless given', serverUrl)
    .option('--token-file <file>', 'holds an API token of the platform')
    .addOption(new Option('-o, --output <format>', 'how').choices(['table', 'json', 'csv', 'ndjson']).default('table'))
    .option('--sort <order>', 'order as in the API: -severity')
    .option('--view <name>', 'only rows of this saved view, in its order')
    .option('--limit <count>', 'how many rows at most', limitOf, 100)
    .option('--watch', 'show changes until you stop it: a table in a terminal, with -o ndjson rows that changed')
    .addOption(durationOption('--timeout <duration>', 'how long each answer may take', '1m'))
    .action(async (query: string[], flags: ListFlags) => {
      const signed = { ...flags, ...(await signedIn(flags)) };
      const { q, sort } = await inView(name, query.join(' '), signed);
      const shown = { ...signed, ...(sort !== undefined && { sort }) };
      await (flags.watch ? watch : printRows)(name, q, shown);
    });
}

/** A query within a saved view, whose order holds unless another one is asked for. */
async function inView(
  list: PrintedList,
  query: string,
  { view: name, sort, ...server }: ListFlags,
): Promise<{ q: string; sort: string | undefined }> {
  if (name === undefined) return { q: query, sort };
  const view = await viewNamed(name, server, list);
  // Each part may have an `or`, which binds less than the part beside it.
  const q = [view.q, query]
    .filter((part) => part !== '')
    .map((part) => `(${part})`)
    .join(' ');
  return { q, sort: sort ?? view.sort ?? undefined };
}

/** Prints the rows of a query. */
export async function printRows(name: PrintedList, query: string, flags: ListFlags): Promise<void> {
  const rows: ListItem[] = [];
  let last: ListPage | undefined;
  for await (const page of pages(name, query, flags)) {
    last = page;
    const { items } = page;
    if (flags.output === 'ndjson') process.stdout.write(items.map((item) => `${JSON.stringify(item)}\n`).join(''));
    else rows.push(...items);
  }
  if (flags.output === 'json') process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
  if (flags.output === 'csv')
    process.stdout.write(rows.length === 0 ? await headOf(name, query, flags) : await csvOf(rows));
  if (flags.output === 'table') process.stdout.write(tableOf(name, rows));
  if (last?.asOf !== undefined) warnOfAge(last.asOf);
  if (last?.next) printStderr(`there are more; --limit ${flags.limit} cut the list`);
}

/** Shows a list anew whenever it changes. It ends with the process. */
async function watch(name: PrintedList, query: string, flags: ListFlags): Promise<void> {
  const isTable = flags.output === 'table' && process.stdout.isTTY;
  if (!isTable && flags.output !== 'ndjson')
    throw new InvalidInput('INPUT_INVALID', '--watch shows a table in a terminal; elsewhere it needs -o ndjson');
  let before = new Set<string>();
  const show = async () => {
    const rows: ListItem[] = [];
    for await (const { items } of pages(name, query, flags)) rows.push(...items);
    if (isTable) return void process.stdout.write(screenOf(name, rows));
    const lines = rows.map((row) => `${JSON.stringify(row)}\n`);
    process.stdout.write(lines.filter((line) => !before.has(line)).join(''));
    before = new Set(lines);
  };
  await show();
  for await (const _ of changesOf(flags)) {
    await show().catch((error: unknown) => {
      if (!(error instanceof Unavailable)) throw error;
      printStderr(error.message);
    });
  }
}

/** The table on an empty screen, cut to its height. */
function screenOf(name: PrintedList, rows: readonly ListItem[]): string {
  const lines = tableOf(name, rows).split('\n').slice(0, -1);
  const height = Math.max(3, process.stdout.rows - 1);
  const shown = lines.length <= height ? lines : [...lines.slice(0, height - 1), `… ${lines.length - height + 1} more`];
  return `\u001b[H\u001b[J${shown.join('\n')}\n`;
}

async function* pages(
  name: PrintedList,
  query: string,
  { sort, limit, ...server }: ListFlags,
): AsyncGenerator<ListPage> {
  let left = limit;
  for (let after: string | null = null; ;) {
    const parameters = new URLSearchParams({
      q: query,
      limit: String(Math.min(left, pageSize)),
      ...(sort !== undefined && { sort }),
      ...(after !== null && { after }),
    });
    const page: ListPage = await getApi(`${name}?${parameters.toString()}`, server, isPage);
    left -= page.items.length;
    yield page;
    if (page.next === null || left <= 0) return;
    after = page.next;
  }
}

function isPage(answer: unknown): answer is ListPage {
  return Array.isArray((answer as Partial<ListPage> | undefined)?.items);
}

/** Heading of a list without rows: only the platform knows its fields. */
async function headOf(name: PrintedList, query: string, server: Server): Promise<string> {
  const path = `${name}/export?${new URLSearchParams({ q: query, format: 'csv' }).toString()}`;
  let text = '';
  for await (const part of await streamApi(path, server, new AbortController().signal)) text += part;
  // Rows may have come meanwhile.
  return text.slice(0, text.indexOf('\n') + 1);
}

/** Every field of the API as a column, as its own exports have them. */
async function csvOf(rows: readonly ListItem[]): Promise<string> {
  const { csvLine } = await import('@tidewaiter/reports');
  const names = Object.keys(rows[0]!);
  return [csvLine(names), ...rows.map((row) => csvLine(names.map((name) => cellOf(row[name]))))].join('');
}

function cellOf(value: unknown): string | number | boolean | null {
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value.join(' ');
  if (typeof value === 'object' && value !== null) return JSON.stringify(value);
  return value as string | number | boolean | null;
}

function tableOf(name: PrintedList, rows: readonly ListItem[]): string {
  if (rows.length === 0) return `no ${rowNames[name] ?? name} match\n`;
  const columns = Object.entries<(item: ListItem) => unknown>(listColumns[name]);
  return aligned(
    columns.map(([heading]) => heading),
    rows.map((row) => columns.map(([, valueOf]) => textOf(valueOf(row)))),
  );
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return isoTime.test(value) ? secondOf(new Date(value)) : value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

function limitOf(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit > 0 && limit <= maxLimit) return limit;
  throw new InvalidArgumentError(`Give a number from 1 to ${maxLimit}.`);
}
