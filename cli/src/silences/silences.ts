import { NotFound, printable } from '@tidewaiter/domain';
import type { SilenceLedger, Store, StoredSilence } from '@tidewaiter/store';
import { type Command, Option } from 'commander';

import { printStderr } from '../context.js';
import { changeStore, withStore } from '../database.js';
import { age } from '../duration.js';
import { checkListOptions, listOptions } from '../lists/lists.js';
import { fit } from '../terminal.js';

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

/** Commands that list, add and expire silences. */
export function silencesCommand(program: Command): void {
  const silences = listOptions(program.command('silences'), 'silences');
  silences
    .command('list')
    .description('list silences, newest first')
    .option('--all', 'include expired silences')
    .addOption(new Option('-o, --output <format>', 'how').choices(outputs).default('table'))
    .action(async (_: object, command: Command) => {
      checkListOptions(command, { output: outputs });
      const { all = false, output } = command.optsWithGlobals<{ all?: boolean; output: Output }>();
      await withStore(async (store) => list(store, all, output));
    });
  silences
    .command('add')
    .description('silence alerts that match all matchers')
    .argument('<matchers...>', 'such as severity="low" or repository=~"shop/.*"')
    .requiredOption('--for <duration>', 'how long: 2h, 7d', age)
    .requiredOption('--comment <text>', 'why')
    .option('--author <name>', 'who', process.env['USER'] ?? 'command line')
    .option('--dry-run', 'only list the firing alerts that would be silenced', false)
    .action(async (texts: string[], options: AddOptions) =>
      options.dryRun
        ? withStore(async (store) => preview(store, texts))
        : changeStore('silence.created', async (store) => add(store, texts, options)),
    );
  silences
    .command('expire')
    .description('expire silences now; alerts that still fire are sent')
    .argument('<id...>', 'ids from `silences list`')
    .action(async (ids: string[]) => changeStore('silence.expired', async (store) => expire(store, ids)));
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
  return [id, `until ${endsAt.toISOString()}`, createdBy, matchers.join(', '), comment]
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
  printStderr(`silenced until ${silence.endsAt.toISOString()}`);
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

async function expire(store: Store, ids: readonly string[]): Promise<void> {
  const ledger = await ledgerOf(store);
  for (const id of ids) {
    const ended = /^[0-9a-f-]{36}$/i.test(id) ? await store.transaction((tx) => ledger.expire(tx, id)) : null;
    if (ended === null) throw new NotFound('SILENCE_UNKNOWN', `no silence ${printable(id)} that goes on`);
    printStderr(`${id}: ended`);
  }
}
