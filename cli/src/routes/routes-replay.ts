import { readFileSync } from 'node:fs';

import { NotFound } from '@tidewaiter/domain';
import { type Command, Option } from 'commander';

import { withStore } from '../database.js';
import { age, durationOption } from '../duration.js';
import { signedIn } from '../saved-sign-ins.js';
import { askApi, serverUrl } from '../server.js';
import { stdoutWidth } from '../terminal.js';
import { type ReplayAnswer, replayText } from './routes-replay-text.js';

interface ReplayFlags {
  config: string;
  since: number;
  receiver?: string;
  output: 'table' | 'json';
  server?: string;
  tokenFile?: string;
  timeout: number;
}

/** Says what a routing.yaml would have made of what happened. */
export function replayCommand(routes: Command): void {
  routes
    .command('replay')
    .description('replay recent alerts through a routing.yaml and compare with what was sent; sends nothing')
    .requiredOption('--config <file>', 'the routing.yaml')
    .addOption(new Option('--since <duration>', 'how far back').argParser(age).default(age('7d'), '7d'))
    .option('--receiver <name>', 'only this receiver')
    .option('--server <url>', 'ask this platform, else the database; with --token-file, or after `login`', serverUrl)
    .option('--token-file <file>', 'holds an API token of the platform')
    .addOption(durationOption('--timeout <duration>', 'how long the platform may take', '2m'))
    .addOption(new Option('-o, --output <format>', 'how').choices(['table', 'json']).default('table'))
    .action(replay);
}

async function replay(flags: ReplayFlags, command: Command): Promise<void> {
  const { config, server, tokenFile, output } = flags;
  if (server === undefined && tokenFile !== undefined) return command.error('error: --token-file needs --server');
  const text = readText(config);
  const answer =
    server === undefined
      ? await askDatabase(text, flags)
      : await askPlatform(text, { ...flags, ...(await signedIn(flags)) });
  const shown = output === 'json' ? `${JSON.stringify(answer, null, 2)}\n` : replayText(answer, stdoutWidth());
  process.stdout.write(shown);
}

async function askPlatform(
  routing: string,
  { since, receiver, ...server }: ReplayFlags & { server: string; tokenFile: string },
): Promise<ReplayAnswer> {
  const question = { routing, since: new Date(Date.now() - since).toISOString(), ...(receiver && { receiver }) };
  return askApi('routes/replay', question, server, isAnswer);
}

function isAnswer(answer: unknown): answer is ReplayAnswer {
  const { would, sent, history } = (answer ?? {}) as Partial<Record<keyof ReplayAnswer, unknown>>;
  return typeof would === 'object' && Array.isArray(sent) && typeof history === 'object';
}

async function askDatabase(text: string, { since, receiver }: ReplayFlags): Promise<ReplayAnswer> {
  const { parseUnreadRouting } = await import('@tidewaiter/receivers');
  const config = parseUnreadRouting(text);
  const { AlertHistory, RoutingReplays } = await import('@tidewaiter/store');
  const until = new Date();
  const from = new Date(until.getTime() - since);
  const replayed = await withStore(async (store) =>
    new RoutingReplays(store, new AlertHistory(store)).of(config, { since: from, until, receiver: receiver ?? null }),
  );
  return JSON.parse(JSON.stringify(replayed)) as ReplayAnswer;
}

/** @throws NotFound `ROUTING_MISSING` */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new NotFound('ROUTING_MISSING', `cannot read ${path}`, { cause });
  }
}
