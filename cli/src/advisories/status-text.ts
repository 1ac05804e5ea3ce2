import { endOfLifeFeed, epssFeed, isFactFeed, kevFeed, kevListOf } from '@tidewaiter/advisories';
import { printable } from '@tidewaiter/domain';

import { count } from '../terminal.js';
import type { Holdings } from './destination.js';

/** Stored advisories as JSON, with the age of each source in seconds. */
export function statusJson(holdings: Holdings, now: number): string {
  const feeds = holdings.feeds.map((feed) => ({
    ...feed,
    ageSeconds: Math.round((now - Date.parse(feed.asOf)) / 1000),
  }));
  return `${JSON.stringify({ ...holdings, feeds }, null, 2)}\n`;
}

/** Stored advisories as a table for readers. */
export function statusTable(
  { store, advisories, ecosystems, feeds, kev, epss, endOfLife }: Holdings,
  now: number,
): string {
  const asOf = new Map(feeds.map((feed) => [feed.name, feed.asOf]));
  const age = (name: string) => ageText(asOf.get(name), now);
  const others = feeds.filter(({ name }) => !ecosystems.some(({ ecosystem }) => ecosystem === name));
  const rows = [
    ['advisories', count(advisories), `in ${printable(store)}`],
    ...ecosystems.map(({ ecosystem, records }) => [`  ${printable(ecosystem)}`, count(records), age(ecosystem)]),
    ...others
      .filter(({ name }) => !isFactFeed(name))
      .map(({ name, records }) => [`  from ${printable(name)}`, count(records), age(name)]),
    ['exploited (KEV)', count(kev), age(kevFeed)],
    ...feeds
      .filter(({ name }) => kevListOf(name) !== undefined && name !== kevFeed)
      .map(({ name, records }) => [`  of ${kevListOf(name)}`, count(records), age(name)]),
    ['scores (EPSS)', count(epss), age(epssFeed)],
    ['products (end of life)', count(endOfLife), age(endOfLifeFeed)],
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
