import { type Command, InvalidArgumentError, Option } from 'commander';

import { withStore } from '../database.js';
import { age, durationOption } from '../duration.js';
import { signedIn } from '../saved-sign-ins.js';
import { getApi, serverUrl } from '../server.js';
import { stdoutWidth } from '../terminal.js';
import { expressionKeys } from './expression-keys.js';
import type { Conditions } from './expression.js';
import { csvOf, type FleetAnswer, type ContainerHits, type ImageHits, ndjsonOf, tableOf } from './find-text.js';

interface FindFlags {
  running?: boolean;
  since?: Date;
  until?: Date;
  output: 'table' | 'json' | 'csv' | 'ndjson';
  server?: string;
  tokenFile?: string;
  timeout: number;
}

/** One page of an answer, as JSON. */
type Ask = <Answer extends { items: unknown[]; next: string | null }>(
  list: 'images' | 'containers',
  page: { limit: number; after?: string },
) => Promise<Answer>;

const pageSize = 200;
/** Images, and containers, that one command shows; their counts are those of all. */
const maxItems = 10_000;

/** Finds images and pods across the fleet. */
export function findCommand(program: Command): void {
  program
    .command('find')
    .description(
      'search everything by name, or find the images and pods that hold a package, a file, a secret …, whether or not a tag still points to them',
    )
    .argument(
      '<expression...>',
      `a name: shop/web, INC-7; or ${expressionKeys.join('=, ')}= and a value; conditions must all hold`,
    )
    .option('--running', 'only what runs now')
    .addOption(
      new Option('--since <when>', 'only what was tagged or ran since: 7d, 2026-01-31, 2026-01-31T12:00:00Z').argParser(
        moment,
      ),
    )
    .addOption(new Option('--until <when>', 'only what was tagged or ran until then').argParser(moment))
    .addOption(new Option('-o, --output <format>', 'how').choices(['table', 'json', 'csv', 'ndjson']).default('table'))
    .option('--server <url>', 'ask this platform, else the database; with --token-file, or after `login`', serverUrl)
    .option('--token-file <file>', 'holds an API token of the platform')
    .addOption(durationOption('--timeout <duration>', 'how long the platform may take', '1m'))
    .action(find);
}

async function find(expressions: string[], flags: FindFlags, command: Command): Promise<void> {
  const { server, tokenFile, running = false, output } = flags;
  if (server === undefined && tokenFile !== undefined) return command.error('error: --token-file needs --server');
  const { readExpressions, searchText } = await import('./expression.js');
  const text = searchText(expressions);
  if (text !== undefined) {
    if (running || flags.since || flags.until)
      return command.error('error: --running, --since and --until need a condition, such as package=openssl');
    const { hitsText, searchHits } = await import('./search.js');
    return void process.stdout.write(hitsText(text, await searchHits(text, flags), output));
  }
  const conditions = readExpressions(expressions);
  const answer =
    server === undefined
      ? await askDatabase(conditions, flags)
      : await answerOf(platform(conditions, { ...flags, ...(await signedIn(flags)) }), running);
  process.stdout.write(textOf(answer, output));
}

function textOf(answer: FleetAnswer, output: FindFlags['output']): string {
  switch (output) {
    case 'json':
      return `${JSON.stringify(answer, null, 2)}\n`;
    case 'ndjson':
      return ndjsonOf(answer);
    case 'csv':
      return csvOf(answer);
    case 'table':
      return tableOf(answer, stdoutWidth());
  }
}

/** Containers alone where only what runs is asked for: one call. */
async function answerOf(ask: Ask, running: boolean): Promise<FleetAnswer> {
  const containers = await allOf<ContainerHits>(ask, 'containers');
  const { counts, notEvaluated } = containers;
  const images = running ? [] : (await allOf<ImageHits>(ask, 'images')).items;
  return { counts, notEvaluated, ...(running ? {} : { images }), containers: containers.items };
}

async function allOf<Answer extends ImageHits | ContainerHits>(
  ask: Ask,
  list: 'images' | 'containers',
): Promise<Answer> {
  const first = await ask<Answer>(list, { limit: pageSize });
  const items = first.items as unknown[];
  for (let { next } = first; next !== null && items.length < maxItems;) {
    const more = await ask<Answer>(list, { limit: pageSize, after: next });
    items.push(...more.items);
    next = more.next;
  }
  return first;
}

function platform(conditions: Conditions, flags: FindFlags & { server: string; tokenFile: string }): Ask {
  const { since, until, running, ...server } = flags;
  return async <Answer>(list: 'images' | 'containers', page: { limit: number; after?: string }) => {
    const query = new URLSearchParams({
      ...conditions,
      ...(since && { since: since.toISOString() }),
      ...(until && { until: until.toISOString() }),
      ...(running && { running: 'true' }),
      limit: String(page.limit),
      ...(page.after !== undefined && { after: page.after }),
    });
    const path = list === 'images' ? 'blast-radius' : 'blast-radius/containers';
    return getApi(`${path}?${query.toString()}`, server, isAnswer) as Promise<Answer>;
  };
}

function isAnswer(answer: unknown): answer is ImageHits | ContainerHits {
  const { counts, items, notEvaluated } = (answer ?? {}) as Partial<Record<keyof ImageHits, unknown>>;
  return typeof counts === 'object' && Array.isArray(items) && Array.isArray(notEvaluated);
}

async function askDatabase({ file, ...conditions }: Conditions, flags: FindFlags): Promise<FleetAnswer> {
  const { blastRadiiOf } = await import('@tidewaiter/store');
  const { since, until, running = false } = flags;
  const question = { ...conditions, sha256: file?.slice('sha256:'.length), since, until, running };
  return withStore(async (store) => {
    const radii = blastRadiiOf(store);
    const ask: Ask = async <Answer>(list: 'images' | 'containers', page: { limit: number; after?: string }) => {
      const answer = list === 'images' ? await radii.of(question, page) : await radii.containers(question, page);
      // Times as the API writes them.
      return JSON.parse(JSON.stringify(answer)) as Answer;
    };
    return answerOf(ask, running);
  });
}

/** Reads how long ago, `7d`, or a time of ISO 8601. */
function moment(text: string): Date {
  if (/^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d))?$/.test(text) && !Number.isNaN(Date.parse(text)))
    return new Date(text);
  try {
    return new Date(Date.now() - age(text));
  } catch {
    throw new InvalidArgumentError(
      'Give how long ago, such as 12h or 7d, or a time such as 2026-01-31 or 2026-01-31T12:00:00Z.',
    );
  }
}
