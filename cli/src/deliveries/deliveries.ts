import { NotFound, printable } from '@tidewaiter/domain';
import type { DeliveryFilter, DeliveryStep, DeliveryStory, ListedDelivery, Store } from '@tidewaiter/store';
import { type Command, InvalidArgumentError, Option } from 'commander';

import { environment, printStderr } from '../context.js';
import { changeStore, withStore } from '../database.js';
import { age } from '../duration.js';
import { checkListOptions, listOptions } from '../lists/lists.js';
import { fit, secondOf, stdoutWidth } from '../terminal.js';

const pageSize = 200;
const exitFailed = 2;
const exitUsage = 64;
const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
/** Below this many columns an entry of the list takes two lines. */
const wideColumns = 120;

const listedStates = ['held', 'pending', 'sending', 'retrying', 'sent', 'superseded', 'merged', 'suppressed'];
const troubledStates = ['failed', 'retrying', 'fallen-back'];

interface FilterOptions {
  receiver?: string;
  state?: DeliveryFilter['state'];
  /** How long ago, in milliseconds. */
  since?: number;
  incident?: string;
  push?: string;
}

interface RedriveOptions extends FilterOptions {
  again: boolean;
  author: string;
}

const outputs = ['table', 'json'] as const;

interface ListOptions {
  limit: number;
  output: (typeof outputs)[number];
}

const outcomeWords = {
  redriven: 'will be tried again',
  repeated: 'will be sent again, as another delivery',
  accepted: 'its channel has accepted it; --again sends it once more',
  'under-way': 'is on its way already',
  held: 'waits with its group, and goes out by itself',
  ended: 'another message says what it said, or there is nothing left to say',
} as const;

/** Messages to people, what became of them, and the way back. */
export function deliveriesCommand(program: Command): void {
  const deliveries = listOptions(program.command('deliveries'), 'deliveries');
  filtered(deliveries.command('list').description('show messages, newest first'), [
    ...new Set([...listedStates, ...troubledStates]),
  ])
    .option('--limit <count>', 'how many at most; 100 unless given', positive)
    .addOption(outputOption())
    .action(async (_: object, command: Command) => {
      checkListOptions(command, { output: outputs, limit: [] });
      const options = command.optsWithGlobals<FilterOptions & ListOptions>();
      const { limit, output, receiver, state, since, incident, push } = options;
      const filter = filterOf({ receiver, state, since, incident, push });
      await withStore(async (store) => list(store, filter, limit, output));
    });
  deliveries
    .command('show')
    .description('show one with its ledger: every try, and who did what about it')
    .argument('<id>', 'which, as `deliveries list` names it', id)
    .addOption(outputOption())
    .action(async (which: string, _: object, command: Command) => {
      checkListOptions(command, { output: outputs });
      const { output } = command.optsWithGlobals<ListOptions>();
      await withStore(async (store) => show(store, which, output));
    });
  filtered(
    deliveries
      .command('redrive')
      .description('retry failed and waiting messages')
      .argument('[id...]', 'which, as `deliveries list` names them'),
    troubledStates,
  )
    .option('--again', 'send what was accepted once more, as a delivery that says so', false)
    .option('--author <name>', 'who wants it', environment['USER'] ?? 'command line')
    .action(async (ids: string[], { again, author, ...filter }: RedriveOptions, command: Command) => {
      const wrong = ids.find((each) => !uuid.test(each));
      if (wrong !== undefined) command.error(`error: ${printable(wrong)} is no id`, { exitCode: exitUsage });
      if (Object.keys(filter).length > 0 === ids.length > 0)
        command.error('error: give either ids, or options that say which', { exitCode: exitUsage });
      if (again && ids.length === 0) command.error('error: --again needs ids', { exitCode: exitUsage });
      await changeStore('delivery.redriven', async (store) =>
        ids.length > 0 ? redriveSome(store, ids, author, again) : redriveAll(store, filterOf(filter), author),
      );
    });
}

function filtered(command: Command, states: readonly string[]): Command {
  return command
    .option('--receiver <name>', 'only those to this receiver')
    .addOption(new Option('--state <state>', 'only those in this state').choices(states))
    .option('--since <duration>', 'only those made within: 2h, 7d', age)
    .option('--incident <id>', 'only those about this incident', id)
    .option('--push <id>', 'only those about this push', id);
}

function outputOption(): Option {
  return new Option('-o, --output <format>', 'how').choices(outputs).default('table');
}

function id(text: string): string {
  if (!uuid.test(text)) throw new InvalidArgumentError('Ids are UUIDs.');
  return text;
}

function positive(text: string): number {
  const value = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (value === 0) throw new InvalidArgumentError('Give a number from 1 on.');
  return value;
}

function filterOf({ since, ...filter }: FilterOptions): DeliveryFilter {
  return { ...filter, since: since === undefined ? undefined : new Date(Date.now() - since) };
}

async function* each(store: Store, filter: DeliveryFilter, limit: number): AsyncGenerator<ListedDelivery> {
  const { Deliveries } = await import('@tidewaiter/store');
  const deliveries = new Deliveries(store);
  let left = limit;
  for (let after: string | undefined; left > 0;) {
    const page = await deliveries.list({ limit: Math.min(pageSize, left), after }, filter);
    yield* page.items;
    if (page.next === null) return;
    after = page.next;
    left -= page.items.length;
  }
}

async function list(store: Store, filter: DeliveryFilter, limit: number, output: ListOptions['output']): Promise<void> {
  if (output === 'json') {
    const items = await Array.fromAsync(each(store, filter, limit));
    process.stdout.write(`${JSON.stringify({ items, next: null }, null, 2)}\n`);
    return;
  }
  let found = 0;
  for await (const delivery of each(store, filter, limit)) {
    found += 1;
    for (const line of linesOf(delivery)) process.stdout.write(`${fit(line, process.stdout)}\n`);
  }
  if (found === 0) printStderr('no deliveries');
}

function linesOf(delivery: ListedDelivery): string[] {
  const { createdAt, state, receiver, channel, attempt } = delivery;
  const tries = `${attempt} ${attempt === 1 ? 'try' : 'tries'}`;
  const target = `${receiver} by ${channel}`;
  const more = [aboutText(delivery), problemText(delivery)];
  if (stdoutWidth() >= wideColumns)
    return [joined(delivery.id, secondOf(createdAt), state.padEnd(10), tries.padEnd(8), target, ...more)];
  return [joined(delivery.id, state.padEnd(10), target), `  ${joined(secondOf(createdAt), tries, ...more)}`];
}

async function show(store: Store, which: string, output: ListOptions['output']): Promise<void> {
  const { Deliveries } = await import('@tidewaiter/store');
  const story = await new Deliveries(store).story<{ title?: string }>(which);
  if (!story) throw new NotFound('DELIVERY_UNKNOWN', `no delivery ${which}`);
  if (output === 'json') process.stdout.write(`${JSON.stringify(story, null, 2)}\n`);
  else for (const line of storyLines(story)) process.stdout.write(`${line}\n`);
}

function storyLines(story: DeliveryStory<{ title?: string }>): string[] {
  const { origin, steps, derived, nextAt } = story;
  const facts: [string, string][] = [
    ['message', story.message.title ?? ''],
    ['receiver', `${story.receiver} by ${story.channel}, from ${story.route}`],
    ['about', aboutText(story)],
    ['state', joined(story.state, problemText(story), nextAt === null ? '' : `next try ${secondOf(nextAt)}`)],
    ['made of', origin === null ? '' : `${origin.id}, as its ${origin.kind}`],
    ['reference', story.reference ?? ''],
  ];
  return [
    story.id,
    ...facts.flatMap(([name, text]) => (text === '' ? [] : [`${name.padEnd(10)}${printable(text)}`])),
    'ledger',
    ...steps.map((step) => `  ${stepText(step)}`),
    ...(derived.length > 0 ? ['made of it'] : []),
    ...derived.map((one) => `  ${joined(one.id, one.kind, `${one.receiver} by ${one.channel}`, one.state)}`),
  ];
}

function stepText({ at, kind, attempt, nextAt, by, ...problem }: DeliveryStep): string {
  return joined(
    secondOf(at),
    kind.padEnd(10),
    attempt > 0 ? `try ${attempt}` : '',
    by === null ? '' : `by ${by}`,
    problemText(problem),
    nextAt === null ? '' : `again at ${secondOf(nextAt)}`,
  );
}

function aboutText({ groupLabels }: Pick<ListedDelivery, 'groupLabels'>): string {
  return Object.entries(groupLabels)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}

function problemText({ code, reason }: Pick<ListedDelivery, 'code' | 'reason'>): string {
  return [code, reason].filter((text) => text !== null).join(': ');
}

function joined(...parts: string[]): string {
  return parts
    .filter((part) => part !== '')
    .map((part) => printable(part))
    .join('  ')
    .trimEnd();
}

async function redriveSome(store: Store, ids: readonly string[], author: string, again: boolean): Promise<void> {
  const { Deliveries, Redrives } = await import('@tidewaiter/store');
  const { repeatedMessage } = await import('@tidewaiter/messages');
  const redrives = new Redrives(store, new Deliveries(store));
  const reword = (message: Parameters<typeof repeatedMessage>[0]) => repeatedMessage(message, author);
  for (const which of ids) {
    const { id: sent, outcome } = await redrives.redrive(which, author, again ? reword : null);
    printStderr(`${which}: ${outcomeWords[outcome]}${sent === which ? '' : ` ${sent}`}`);
    if (outcome === 'accepted' || outcome === 'ended') process.exitCode = exitFailed;
  }
}

async function redriveAll(store: Store, filter: DeliveryFilter, author: string): Promise<void> {
  const { Deliveries, Redrives } = await import('@tidewaiter/store');
  const redrives = new Redrives(store, new Deliveries(store));
  const { redriven } = await redrives.redriveAll(filter, author);
  printStderr(`${redriven} will be tried again`);
}
