import {
  type ContainmentAction,
  containmentActions,
  type ContainmentState,
  containmentStates,
  type ContainmentSubject,
  InvalidInput,
  printable,
} from '@tidewaiter/domain';
import { type Command, InvalidArgumentError, Option } from 'commander';

import { printStderr } from '../context.js';
import { connected, flagsOf } from '../entries/entries.js';
import { incidentId } from '../incident/incident.js';
import { checkListOptions, listOptions } from '../lists/lists.js';
import { askApi, getApi, type Server } from '../server.js';
import { fit } from '../terminal.js';

const outputs = ['table', 'json'] as const;
const connection = { server: [], tokenFile: [], timeout: [] };

interface Offer {
  cluster: string;
  action: ContainmentAction;
  subject: ContainmentSubject;
  title: string;
  effects: string[];
  undoEffect: string | null;
}

interface Order {
  id: string;
  cluster: string;
  action: ContainmentAction;
  subject: ContainmentSubject;
  author: string;
  reason: string;
  dryRun: boolean;
  undoes: string | null;
  state: ContainmentState;
  createdAt: string;
  code: string | null;
}

interface ListFlags {
  state?: ContainmentState;
  cluster?: string;
  limit: number;
  output: (typeof outputs)[number];
}

interface OrderFlags {
  action: ContainmentAction;
  object?: string;
  cluster?: string;
  reason: string;
  dryRun?: true;
}

/** Commands about the actions that contain an incident in its cluster. */
export function containmentCommand(program: Command): void {
  const containment = listOptions(program.command('containment'), 'containment');
  connected(containment.command('list'))
    .description('print orders, newest first')
    .addOption(new Option('--state <state>', 'only orders in this state').choices(containmentStates))
    .option('--cluster <name>', 'only orders to this cluster')
    .option('--limit <count>', 'how many orders at most; 100 unless given', limitOf)
    .addOption(output())
    .action(async (_: object, self: Command) => {
      checkListOptions(self, { ...connection, output: outputs, limit: [] });
      await list(self.optsWithGlobals<ListFlags>(), await flagsOf(self));
    });
  connected(containment.command('offers'))
    .description('print the actions that suit an incident, with what the agent would change')
    .argument('<incident>', 'INC-7, its number or its id')
    .addOption(output())
    .action(async (name: string, _: object, self: Command) => {
      checkListOptions(self, { ...connection, output: outputs });
      const flags = self.optsWithGlobals<Pick<ListFlags, 'output'>>();
      const server = await flagsOf(self);
      const { offers } = await ofIncident(name, server);
      print(flags, offers, offers.map(offerText));
      if (offers.length === 0) printStderr('no action suits this incident: no agent has reported its objects');
    });
  connected(containment.command('order'))
    .description('order an action; without the role maintainer it is requested, and a maintainer approves it')
    .argument('<incident>', 'INC-7, its number or its id')
    .addOption(new Option('--action <action>', 'what to do').choices(containmentActions).makeOptionMandatory())
    .requiredOption('--reason <text>', 'why, for the history')
    .option('--object <object>', 'Deployment/shop/web; needed where the action suits several objects')
    .option('--cluster <name>', 'its cluster; needed where several clusters have it')
    .option('--dry-run', 'the agent only reports what it would do')
    .action(async (name: string, flags: OrderFlags, self: Command) => order(name, flags, await flagsOf(self)));
  connected(containment.command('show'))
    .description('print an order with its history, the report of the agent and the evidence, as JSON')
    .argument('<order>', 'id of the order')
    .action(async (id: string, _: object, self: Command) => {
      const found = await getApi(`containment/${encodeURIComponent(id)}`, await flagsOf(self), isOrder);
      process.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
    });
  connected(containment.command('approve'))
    .description('order what a responder requested')
    .argument('<order...>', 'ids of orders')
    .action(async (ids: string[], _: object, self: Command) => {
      for (const id of ids) await change(`containment/${encodeURIComponent(id)}/approve`, {}, await flagsOf(self));
    });
  connected(containment.command('undo'))
    .description('restore what actions have changed')
    .argument('<order...>', 'ids of orders')
    .requiredOption('--reason <text>', 'why, for the history')
    .action(async (ids: string[], { reason }: { reason: string }, self: Command) => {
      for (const id of ids) await change(`containment/${encodeURIComponent(id)}/undo`, { reason }, await flagsOf(self));
    });
}

function output(): Option {
  return new Option('-o, --output <format>', 'how').choices(outputs).default('table');
}

async function list({ state, cluster, limit, ...shown }: ListFlags, server: Server): Promise<void> {
  const query = new URLSearchParams({ limit: String(limit), ...(state && { state }), ...(cluster && { cluster }) });
  const { items } = await getApi(`containment?${query.toString()}`, server, isOrderList);
  print(shown, items, items.map(orderText));
  if (items.length === 0) printStderr('no orders');
}

async function order(name: string, flags: OrderFlags, server: Server): Promise<void> {
  const { id, offers } = await ofIncident(name, server);
  const { cluster, subject } = chosen(offers, flags);
  const { action, reason, dryRun = false } = flags;
  const { kind, namespace, name: subjectName } = subject;
  const body = { action, cluster, subject: { kind, namespace, name: subjectName }, reason, dryRun };
  await change(`incidents/${id}/containment`, body, server);
}

/**
 * The one offer that the flags name.
 * @throws InvalidInput `CONTAINMENT_SUBJECT_UNKNOWN`, `CONTAINMENT_SUBJECT_AMBIGUOUS`
 */
function chosen(offers: readonly Offer[], { action, object, cluster }: OrderFlags): Offer {
  const suitable = offers.filter(
    (offer) =>
      offer.action === action &&
      (object === undefined || objectOf(offer.subject) === object) &&
      (cluster === undefined || offer.cluster === cluster),
  );
  const [first, second] = suitable;
  if (!first) throw new InvalidInput('CONTAINMENT_SUBJECT_UNKNOWN', `${action} suits no such object of the incident`);
  if (!second) return first;
  const names = suitable.map((each) => `${objectOf(each.subject)} of ${each.cluster}`).join(', ');
  throw new InvalidInput('CONTAINMENT_SUBJECT_AMBIGUOUS', `name one with --object and --cluster: ${printable(names)}`);
}

async function ofIncident(name: string, server: Server): Promise<{ id: string; offers: Offer[] }> {
  const id = await incidentId(name, server);
  const { offers, isEnabled } = await getApi(`incidents/${id}/containment`, server, isContainment);
  if (!isEnabled) printStderr('warning: the platform has no key to sign orders with, see docs/containment.md');
  return { id, offers };
}

async function change(path: string, body: object, server: Server): Promise<void> {
  const changed = await askApi(path, body, server, isOrder);
  printStderr(orderText(changed));
}

function print(
  { output: format }: Pick<ListFlags, 'output'>,
  items: readonly object[],
  texts: readonly string[],
): void {
  if (format === 'json') process.stdout.write(`${JSON.stringify(items, null, 2)}\n`);
  else for (const text of texts) process.stdout.write(`${text}\n`);
}

/** `Deployment/shop/web`, `Node/worker-1` */
function objectOf({ kind, namespace, name }: ContainmentSubject): string {
  return [kind, namespace, name].filter((part) => part !== null).join('/');
}

function offerText({ cluster, action, subject, effects, undoEffect }: Offer): string {
  const undo = undoEffect === null ? 'cannot be undone' : `undo: ${undoEffect}`;
  const lines = [...effects, undo].map((line) => `    ${printable(line)}`);
  return [`${action} ${printable(objectOf(subject))} of ${printable(cluster)}`, ...lines].join('\n');
}

function orderText({ id, cluster, action, subject, state, dryRun, undoes, author, createdAt, code }: Order): string {
  const act = [undoes === null ? '' : 'undo', action, dryRun ? '(dry run)' : '']
    .filter((word) => word !== '')
    .join(' ');
  const where = `${printable(objectOf(subject))} of ${printable(cluster)}`;
  const line = `${id}  ${code === null ? state : `${state} ${code}`}  ${act} ${where}  ${createdAt}  ${printable(author)}`;
  return fit(line, process.stdout);
}

function limitOf(text: string): number {
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > 200) throw new InvalidArgumentError('Give a number up to 200.');
  return limit;
}

function isOrder(answer: unknown): answer is Order {
  const { id, state, subject } = (answer ?? {}) as Partial<Order>;
  return typeof id === 'string' && typeof state === 'string' && typeof subject === 'object';
}

function isOrderList(answer: unknown): answer is { items: Order[] } {
  const { items } = (answer ?? {}) as { items?: unknown };
  return Array.isArray(items) && items.every(isOrder);
}

function isContainment(answer: unknown): answer is { isEnabled: boolean; offers: Offer[] } {
  return Array.isArray(((answer ?? {}) as { offers?: unknown }).offers);
}
