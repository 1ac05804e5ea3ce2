import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { InvalidInput, NotFound, printable } from '@tidewaiter/domain';
import type { RoutingConfig } from '@tidewaiter/routing';
import { type Command, InvalidArgumentError, Option } from 'commander';

import { tell } from './context.js';

interface TestOptions {
  config: string;
  output: 'text' | 'json';
}

/** Tries a `routing.yaml` before it is used. */
export function routesCommand(program: Command): void {
  const routes = program.command('routes').description('who is told what');
  routes
    .command('check')
    .description('say what is wrong with a routing.yaml; exit code 1 when something is')
    .requiredOption('--config <file>', 'the routing.yaml')
    .action(async ({ config }: { config: string }) => check(config));
  routes
    .command('test')
    .description('show who would be told of an alert with these labels')
    .requiredOption('--config <file>', 'the routing.yaml')
    .argument('[label=value...]', 'labels of the alert', addLabel)
    .addOption(new Option('-o, --output <format>', 'how').choices(['text', 'json']).default('text'))
    .action(async (labels: ReadonlyMap<string, string> | undefined, options: TestOptions) =>
      test(options, Object.fromEntries(labels ?? [])),
    );
}

function addLabel(text: string, before: ReadonlyMap<string, string> | undefined): Map<string, string> {
  const labels = new Map(before);
  const end = text.indexOf('=');
  const name = text.slice(0, end);
  if (end < 1) throw new InvalidArgumentError('Give labels as NAME=VALUE.');
  if (labels.has(name)) throw new InvalidArgumentError('A label is given twice.');
  return labels.set(name, text.slice(end + 1));
}

async function check(path: string): Promise<void> {
  try {
    const { receivers, route } = await readRouting(path);
    tell(`${printable(path)}: ${count(receivers.size, 'receiver')}, ${count(countRoutes(route), 'route')}`);
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    for (const line of error.message.split('\n')) process.stdout.write(`${printable(path)}: ${printable(line)}\n`);
    process.exitCode = 1;
  }
}

async function test({ config: path, output }: TestOptions, labels: Record<string, string>): Promise<void> {
  const { groupKey, matchRoutes } = await import('@tidewaiter/routing');
  const matches = matchRoutes(await readRouting(path), labels);
  if (output === 'text') {
    process.stdout.write(matches.map(({ receiver }) => `${printable(receiver)}\n`).join(''));
    return;
  }
  const receivers = matches.map((match) => ({ ...match, key: groupKey(match, labels) }));
  process.stdout.write(`${JSON.stringify({ labels, receivers }, null, 2)}\n`);
}

/** @throws NotFound `ROUTING_MISSING`; InvalidInput `ROUTING_INVALID` with one line for each problem */
async function readRouting(path: string): Promise<RoutingConfig> {
  const { parseRouting } = await import('@tidewaiter/routing');
  const folder = dirname(resolve(path));
  return parseRouting(readText(path), (file) => readText(resolve(folder, file)).trim());
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new NotFound('ROUTING_MISSING', `cannot read ${path}`, { cause });
  }
}

function countRoutes(route: RoutingConfig['route']): number {
  return route.routes.reduce((total, child) => total + countRoutes(child), 1);
}

function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? '' : 's'}`;
}
