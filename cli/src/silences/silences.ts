import { NotFound, printable } from '@tidewaiter/domain';
import type { SilenceLedger, SilenceVersion, Store, StoredSilence } from '@tidewaiter/store';
import { type Command, Option } from 'commander';

import { printStderr } from '../context.js';
import { changeStore, withStore } from '../database.js';
import { age } from '../duration.js';
import { versionOf } from '../entries/entries.js';
import { checkListOptions, type ListFlags, listOptions, printRows } from '../lists/lists.js';
import { signedIn } from '../saved-sign-ins.js';
import { fit, secondOf } from '../terminal.js';

const pageSize = 200;
const weekMs = 7 * 24 * 3_600_000;
/** Limit on the alerts of a week that a preview counts. */
const maxPast = 200_000;

const outputs = ['table', 'json'] as const;

type Output = (typeof outputs)[number];

interface AddOptions {
  for: number;
  comment: string;
  author: string;
  dryRun: boolean;
}

interface ChangeOptions {
  author: string;
  reason?: string;
}

interface EditOptions extends ChangeOptions {
  for?: number;
  comment?: string;
}

/** Commands that list, add, change and expire silences. */
export function silencesCommand(program: Command): void {
  const silences = listOptions(program.command('silences'), 'silences');
  silences
    .command('list')
    .description('list silences of the database, newest first; with --server those of a platform')
    .option('--all', 'include expired silences')
    .addOption(new Option('-o, --output <format>', 'how').choices(outputs).default('table'))
    .action(async (_: object, command: Command) => {
      checkListOptions(command, { output: outputs, server: [], tokenFile: [], timeout: [] });
      const { all = false, ...flags } = command.optsWithGlobals<{ all?: boolean } & ListFlags & { output: Output }>();
      const { server, tokenFile } = flags as Partial<ListFlags>;
      if (server === undefined && tokenFile === undefined)
        return withStore(async (store) => list(store, all, flags.output));
      await printRows('silences', all ? 'ended or not ended' : '', { ...flags, ...(await signedIn(flags)) });
    });
  silences
    .command('add')
    .description('silence alerts that match all matchers')
    .argument('<matchers...>', 'such as severity="low" or repository=~"shop/.*"')
    .requiredOption('--for <duration>', 'how long: 2h, 7d', age)
    .requiredOption('--comment <text>', 'why')
    .addOption(author())
    .option('--dry-run', 'only list the firing alerts that would be silenced', false)
    .action(async (texts: string[], options: AddOptions) =>
      options.dryRun
        ? withStore(async (store) => preview(store, texts))
        : changeStore('silence.created', async (store) => add(store, texts, options)),
    );
  silences
    .command('edit')
    .description('change matchers, end or comment of a silence')
    .argument('<id>', 'id from `silences list`')
    .argument('[matchers...]', 'all matchers in place of the old ones')
    .option('--for <duration>', 'how long from now on: 2h, 7d', age)
    .option('--comment <text>', 'why alerts are silenced')
    .option('--reason <text>', 'reason for the change, for the history')
    .addOption(author())
    .action(async (id: string, texts: string[], options: EditOptions) =>
      changeStore('silence.changed', async (store) => edit(store, id, texts, options)),
    );
  silences
    .command('expire')
    .description('expire silences now; alerts that still fire are sent')
    .argument('<id...>', 'ids from `silences list`')
    .option('--reason <text>', 'reason for the change, for the history')
    .addOption(author())
    .action(async (ids: string[], options: ChangeOptions) =>
      changeStore('silence.expired', async (store) => expire(store, ids, options)),
    );
  silences
    .command('history')
    .description('list the versions of a silence, newest first')
    .argument('<id>', 'id from `silences list --all`')
    .action(async (id: string) => withStore(async (store) => history(store, id)));
  silences
    .command('undo')
    .description('bring back an earlier version of a silence, also after it was ended')
    .argument('<id>', 'id from `silences list --all`')
    .option('--to <number>', 'version to bring back; by default the one before', versionOf)
    .option('--reason <text>', 'reason for the change, for the history')
    .addOption(author())
    .action(async (id: string, options: ChangeOptions & { to?: number }) =>
      changeStore('silence.undone', async (store) => undo(store, id, options)),
    );
}

function author(): Option {
  return new Option('--author <name>', 'who').default(process.env['USER'] ?? 'command line');
}

async function ledgerOf(store: Store): Promise<SilenceLedger> {
  const { SilenceLedger } = await import('@tidewaiter/store');
  return new SilenceLedger(store);
}

async function list(store: Store, all: boolean, output: Output): Promise<void> {
  const { items } = await (await ledgerOf(store)).list({ limit: pageSize }, all);
  if (output === 'json') process.stdout.write(`${JSON.stringify({ items, next: null }, null, 2)}\n`);
  else if (items.length === 0) printStderr('no silences');
  else for (const silence of items) process.stdout.write(`${fit(lineOf(silence), process.stdout)}\n`);
}

function lineOf({ id, endsAt, createdBy, matchers, comment }: StoredSilence): string {
  return [id, `until ${secondOf(endsAt)}`, createdBy, matchers.join(', '), comment]
    .map((part) => printable(part))
    .join('  ');
}

async function add(store: Store, texts: readonly string[], options: AddOptions): Promise<void> {
  const ledger = await ledgerOf(store);
  const matchers = await readMatchers(texts);
  const now = new Date();
  const silence = await store.transaction((tx) =>
    ledger.add(tx, {
      matchers,
      startsAt: now,
      endsAt: new Date(now.getTime() + options.for),
      createdBy: options.author,
      comment: options.comment,
    }),
  );
  process.stdout.write(`${silence.id}\n`);
  printStderr(`silenced until ${secondOf(silence.endsAt)} UTC`);
}

/** @throws InvalidInput `MATCHER_INVALID`, also for matchers that would silence everything */
async function readMatchers(texts: readonly string[]): Promise<string[]> {
  const { formatMatcher, parseSilenceMatchers } = await import('@tidewaiter/routing');
  return parseSilenceMatchers(texts).map(formatMatcher);
}

async function preview(store: Store, texts: readonly string[]): Promise<void> {
  const { AlertHistory, FiringAlerts } = await import('@tidewaiter/store');
  const { matches, parseMatchers } = await import('@tidewaiter/routing');
  const matchers = (await readMatchers(texts)).flatMap((text) => parseMatchers(text));
  const { alerts } = await new FiringAlerts(store).changedSince(null);
  const hidden = alerts.filter(({ labels }) => matchers.every((matcher) => matches(matcher, labels)));
  for (const { labels } of hidden) {
    const text = Object.entries(labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(' ');
    process.stdout.write(`${fit(printable(text), process.stdout)}\n`);
  }
  printStderr(`${hidden.length} of ${alerts.length} firing alerts would be kept back`);
  const past = await new AlertHistory(store).firedSince(new Date(Date.now() - weekMs), maxPast);
  const pastHidden = past.filter((labels) => matchers.every((matcher) => matches(matcher, labels)));
  printStderr(`${pastHidden.length} of ${past.length} alerts of the last 7 days would have been`);
}

async function edit(
  store: Store,
  id: string,
  texts: readonly string[],
  { for: lengthMs, comment, ...by }: EditOptions,
): Promise<void> {
  const [ledger, before] = await silenceOf(store, id);
  const content = {
    matchers: texts.length > 0 ? await readMatchers(texts) : before.matchers,
    startsAt: before.startsAt,
    endsAt: lengthMs === undefined ? before.endsAt : new Date(Date.now() + lengthMs),
    comment: comment ?? before.comment,
  };
  const { version, endsAt } = await store.transaction((tx) => ledger.change(tx, id, before.version, content, by));
  printStderr(`${id}: changed, version ${version}, until ${secondOf(endsAt)} UTC`);
}

async function expire(store: Store, ids: readonly string[], by: ChangeOptions): Promise<void> {
  const ledger = await ledgerOf(store);
  for (const id of ids) {
    const ended = isId(id) ? await store.transaction((tx) => ledger.expire(tx, id, by)) : null;
    if (ended === null) throw new NotFound('SILENCE_UNKNOWN', `no silence ${printable(id)} that goes on`);
    printStderr(`${id}: ended`);
  }
}

async function history(store: Store, id: string): Promise<void> {
  const [ledger] = await silenceOf(store, id);
  for (const version of await ledger.versions(id))
    process.stdout.write(`${fit(versionLine(version), process.stdout)}\n`);
}

function versionLine({ version, at, author, change, endsAt, matchers, comment, reason }: SilenceVersion): string {
  const about = [`until ${secondOf(endsAt)}`, matchers.join(', '), comment, ...(reason === null ? [] : [reason])];
  return [`${version}`, secondOf(at), author, change, ...about].map((part) => printable(part)).join('  ');
}

async function undo(store: Store, id: string, { to, ...by }: ChangeOptions & { to?: number }): Promise<void> {
  const [ledger, { version: seen }] = await silenceOf(store, id);
  const silence = await store.transaction((tx) => ledger.undo(tx, id, seen, to ?? seen - 1, by));
  printStderr(`${id}: changed back, version ${silence.version}, until ${secondOf(silence.endsAt)} UTC`);
}

/** @throws NotFound `SILENCE_UNKNOWN` */
async function silenceOf(store: Store, id: string): Promise<[SilenceLedger, StoredSilence]> {
  const ledger = await ledgerOf(store);
  const silence = isId(id) ? await ledger.get(id) : null;
  if (silence === null) throw new NotFound('SILENCE_UNKNOWN', `no silence ${printable(id)}`);
  return [ledger, silence];
}

function isId(text: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}
