import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { InvalidInput, NotFound, printable } from '@tidewaiter/domain';
import type { RoutingConfig } from '@tidewaiter/routing';
import { type Command, InvalidArgumentError, Option } from 'commander';

import { collect } from '../collect.js';
import { environment, printStderr } from '../context.js';
import { counted } from '../terminal.js';
import { managedRoutingCommands } from './managed-routing.js';
import { replayCommand } from './routes-replay.js';

interface TestOptions {
  config: string;
  output: 'text' | 'json';
  at?: Date;
  silence: string[];
  firing: string[];
}

/** Tries a `routing.yaml` before it is used. */
export function routesCommand(program: Command): void {
  const routes = program.command('routes').description('alert routing');
  routes
    .command('check')
    .description('validate a routing.yaml; exit code 1 on errors')
    .requiredOption('--config <file>', 'the routing.yaml')
    .action(async ({ config }: { config: string }) => check(config));
  routes
    .command('test')
    .description('show the receivers of an alert with these labels')
    .requiredOption('--config <file>', 'the routing.yaml')
    .argument('[label=value...]', 'labels of the alert', addLabel)
    .option('--at <time>', 'time of the alert, for mute times (default: now)', readTime)
    .option('--silence <matchers>', 'assume this silence, such as severity="low"; repeatable', collect, [])
    .option(
      '--firing <matchers>',
      'assume a firing alert with these labels, such as {rule="x",cluster="eu1"}; repeatable',
      collect,
      [],
    )
    .addOption(new Option('-o, --output <format>', 'how').choices(['text', 'json']).default('text'))
    .action(async (labels: ReadonlyMap<string, string> | undefined, options: TestOptions) =>
      test(options, Object.fromEntries(labels ?? [])),
    );
  replayCommand(routes);
  managedRoutingCommands(routes);
}

function readTime(text: string): Date {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) throw new InvalidArgumentError('Give a time such as 2026-01-31T22:00:00Z.');
  return at;
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
    const { receivers, route, warnings } = await readCheckedRouting(path);
    for (const warning of warnings) printStderr(`${printable(path)}: ${printable(warning)}`);
    printStderr(`${printable(path)}: ${counted(receivers.size, 'receiver')}, ${counted(countRoutes(route), 'route')}`);
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    for (const line of error.message.split('\n')) process.stdout.write(`${printable(path)}: ${printable(line)}\n`);
    process.exitCode = 1;
  }
}

async function test(options: TestOptions, labels: Record<string, string>): Promise<void> {
  const { groupKey, isMuted, matchRoutes } = await import('@tidewaiter/routing');
  const config = await readRouting(options.config);
  const quiet = await quietness(config, options, labels);
  const at = (options.at ?? new Date()).getTime();
  const matches = matchRoutes(config, labels).map((match) => ({ match, isMuted: isMuted(match, at) }));
  if (options.output === 'text') {
    for (const { match, isMuted: muted } of matches) {
      process.stdout.write(`${printable(match.receiver)}\n`);
      if (muted) printStderr(`${printable(match.receiver)}: muted at this time`);
    }
    if (quiet.inhibited) printStderr('inhibited: not sent while the other alert fires');
    if (quiet.silencedBy !== null) printStderr(`silenced by ${printable(quiet.silencedBy)}`);
    return;
  }
  const receivers = matches.map(({ match, isMuted: muted }) => {
    const { given, muteTimeIntervals, activeTimeIntervals, ...route } = match;
    const names = (intervals: typeof muteTimeIntervals) => intervals.map(({ name }) => name);
    return {
      ...route,
      key: groupKey(match, labels),
      given: [...given],
      muteTimeIntervals: names(muteTimeIntervals),
      activeTimeIntervals: names(activeTimeIntervals),
      muted,
    };
  });
  process.stdout.write(`${JSON.stringify({ labels, ...quiet, receivers }, null, 2)}\n`);
}

/** Whether a silence or an inhibition rule mutes the alert for all routes. */
async function quietness(
  { inhibitRules }: RoutingConfig,
  { silence, firing }: TestOptions,
  labels: Record<string, string>,
): Promise<{ silencedBy: string | null; inhibited: boolean }> {
  const { Inhibitions, matches, parseMatchers } = await import('@tidewaiter/routing');
  const inhibitions = new Inhibitions(inhibitRules);
  for (const [index, text] of firing.entries()) {
    const named = parseMatchers(text).map(({ name, value }) => [name, value] as const);
    inhibitions.fire({ id: String(index), labels: Object.fromEntries(named) });
  }
  const silencedBy = silence.find((text) => parseMatchers(text).every((matcher) => matches(matcher, labels)));
  return { silencedBy: silencedBy ?? null, inhibited: inhibitions.inhibitorOf(labels) !== null };
}

/**
 * @throws NotFound `ROUTING_MISSING`; InvalidInput `ROUTING_INVALID` with one line for each problem
 */
async function readRouting(path: string): Promise<RoutingConfig> {
  const [{ parseRouting }, { channelReaders }] = await Promise.all([
    import('@tidewaiter/routing'),
    import('@tidewaiter/receivers'),
  ]);
  const folder = dirname(resolve(path));
  return parseRouting(readText(path), {
    channels: channelReaders,
    readFile: (file) => readText(resolve(folder, file)).trim(),
    environment,
  });
}

/**
 * Reads a file that is checked where its secrets may not be: on another machine, in a pipeline.
 * Alertmanager's own check does not open them either.
 */
async function readCheckedRouting(path: string): Promise<RoutingConfig> {
  const [{ parseRouting }, { channelReaders, standIn }] = await Promise.all([
    import('@tidewaiter/routing'),
    import('@tidewaiter/receivers'),
  ]);
  const folder = dirname(resolve(path));
  const unread: string[] = [];
  const readSecret = (file: string, key: string): string => {
    try {
      return readFileSync(resolve(folder, file), 'utf8').trim();
    } catch {
      unread.push(`${key}: the file cannot be read here; the notifier needs it to start`);
      return standIn(file, key);
    }
  };
  const config = parseRouting(readText(path), { channels: channelReaders, readFile: readSecret, environment });
  return { ...config, warnings: [...config.warnings, ...unread] };
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
