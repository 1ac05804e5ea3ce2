import { printable } from '@tidewaiter/domain';
import { csvLine } from '@tidewaiter/reports';
import type { SearchHit } from '@tidewaiter/store';

import { withStore } from '../database.js';
import { signedIn } from '../saved-sign-ins.js';
import { getApi, type Server } from '../server.js';
import { fit } from '../terminal.js';

export type Hits = readonly SearchHit[];

/** Results of the search of the console, from a platform or from the database. */
export async function searchHits(text: string, flags: Partial<Server> & { timeout: number }): Promise<Hits> {
  if (flags.server === undefined) {
    const { FileContents, FleetSearch } = await import('@tidewaiter/store');
    return withStore(async (store) => new FleetSearch(store, new FileContents(store)).of(text));
  }
  const server = { ...flags, ...(await signedIn(flags)) };
  return (await getApi(`search?${new URLSearchParams({ q: text }).toString()}`, server, areHits)).items;
}

function areHits(answer: unknown): answer is { items: SearchHit[] } {
  return Array.isArray((answer as { items?: unknown } | undefined)?.items);
}

/** Results in an order in which names of one type stand together, as the search returns them. */
export function hitsText(text: string, hits: Hits, output: 'table' | 'json' | 'csv' | 'ndjson'): string {
  switch (output) {
    case 'json':
      return `${JSON.stringify(hits, null, 2)}\n`;
    case 'ndjson':
      return hits.map((hit) => `${JSON.stringify(hit)}\n`).join('');
    case 'csv':
      return [['type', 'id', 'title', 'link'], ...hits.map(({ type, id, title, link }) => [type, id, title, link])]
        .map(csvLine)
        .join('');
    case 'table':
      return tableOf(text, hits);
  }
}

function tableOf(text: string, hits: Hits): string {
  if (hits.length === 0) return `nothing is named ${printable(text)}\n`;
  const rows = [['TYPE', 'NAME'], ...hits.map(({ type, id, title }) => [type, title === id ? id : `${id}  ${title}`])];
  const width = Math.max(...rows.map(([type]) => type!.length));
  const lines = rows.map(([type, name]) => `${type!.padEnd(width)}  ${printable(name!)}`);
  return lines.map((line) => `${fit(line, process.stdout)}\n`).join('');
}
