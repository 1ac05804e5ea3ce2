import { epssFeed, kevFeed } from '@tidewaiter/advisories';
import { printable } from '@tidewaiter/domain';
import { type Command, Option } from 'commander';

import { count } from '../terminal.js';
import { type DestinationFlags, type Holdings, holdingsOf, withDestinationFlags } from './destination.js';

interface StatusFlags extends DestinationFlags {
  output: 'table' | 'json';
  verify?: boolean;
}

export function statusCommand(advisories: Command): void {
  const command = advisories
    .command('status')
    .description('show what is there, and how current it is')
    .option('--verify', 'read the local file from end to end, whether it is whole')
    .addOption(new Option('-o, --output <format>', 'how').choices(['table', 'json']).default('table'));
  withDestinationFlags(command).action(async ({ output, verify = false, ...flags }: StatusFlags) => {
    const holdings = await holdingsOf(flags, verify);
    const now = Date.now();
    process.stdout.write(output === 'json' ? json(holdings, now) : table(holdings, now));
  });
}

function json(holdings: Holdings, now: number): string {
  const feeds = holdings.feeds.map((feed) => ({
    ...feed,
    ageSeconds: Math.round((now - Date.parse(feed.asOf)) / 1000),
  }));
  return `${JSON.stringify({ ...holdings, feeds }, null, 2)}\n`;
}

function table({ store, advisories, ecosystems, feeds, kev, epss }: Holdings, now: number): string {
  const asOf = new Map(feeds.map((feed) => [feed.name, feed.asOf]));
  const age = (name: string) => ageText(asOf.get(name), now);
  const others = feeds.filter(({ name }) => !ecosystems.some(({ ecosystem }) => ecosystem === name));
  const rows = [
    ['advisories', count(advisories), `in ${printable(store)}`],
    ...ecosystems.map(({ ecosystem, records }) => [`  ${printable(ecosystem)}`, count(records), age(ecosystem)]),
    ...others
      .filter(({ name }) => name !== kevFeed && name !== epssFeed)
      .map(({ name, records }) => [`  from ${printable(name)}`, count(records), age(name)]),
    ['exploited (KEV)', count(kev), age(kevFeed)],
    ['scores (EPSS)', count(epss), age(epssFeed)],
  ];
  return rows
    .map(([name = '', number = '', text = '']) => `${name.padEnd(32)} ${number.padStart(10)}  ${text}`.trimEnd() + '\n')
    .join('');
}

const dayMs = 24 * 60 * 60_000;

function ageText(asOf: string | undefined, now: number): string {
  if (asOf === undefined) return '';
  const days = Math.floor((now - Date.parse(asOf)) / dayMs);
  const age = days < 1 ? 'today' : `${count(days)} ${days === 1 ? 'day' : 'days'} old`;
  return `as of ${asOf.slice(0, 16)}Z, ${age}`;
}
