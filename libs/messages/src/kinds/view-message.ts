import { type Alert, listPages, type Severity, worstSeverity } from '@tidewaiter/domain';

import {
  clean,
  consoleLink,
  count,
  fact,
  maxItemChars,
  maxTitleChars,
  type Message,
  type MessageLink,
  section,
  timeText,
} from '../message.js';

/** New rows of a saved view. */
export interface ViewNews {
  /** Id of the view. */
  id: string;
  name: string;
  list: string;
  query: string;
  owner: string;
  /** Parts of the fleet that its owner is limited to, in words; null without limits. */
  limits: string | null;
  /** Each with its key in the list. */
  rows: readonly { key: string; title: string; severity: Severity | null }[];
}

/** Message about new rows of a saved view. */
export function viewMessage(news: ViewNews, consoleUrl: string, now: Date): Message {
  const { name, list, query, owner, limits, rows } = news;
  const severity = worstSeverity(rows.flatMap((row) => row.severity ?? []));
  return {
    kind: 'summary',
    status: 'firing',
    severity,
    title: clean(`View ${name} · ${count(rows.length, 'new row')}`, maxTitleChars),
    summary: clean(
      `${count(rows.length, 'row')} of ${list} that the view did not have in the last week.`,
      2 * maxItemChars,
    ),
    facts: [
      ...fact('List', list),
      ...fact('Query', query),
      ...fact('Saved by', owner),
      ...fact('Limited to', limits),
      ...fact('As of', timeText(now.toISOString())),
    ],
    sections: section(
      'New',
      rows.map(({ title, severity: own }) => ({ severity: own, text: title, detail: null, isNew: true })),
    ),
    links: [...rowLink(news, consoleUrl), viewLink(news, consoleUrl)],
    footer: clean(`Tidewaiter · view ${name} of ${owner}`, maxItemChars),
  };
}

/** Pages of single rows, by lists whose keys name them. */
const rowPages: Readonly<Partial<Record<string, string>>> = {
  images: 'images',
  pushes: 'pushes',
  vulnerabilities: 'vulnerabilities',
};

/** Link to the only new row; none where its list has no page of a row. */
function rowLink({ list, rows }: ViewNews, consoleUrl: string): MessageLink[] {
  const [row, ...others] = rows;
  const page = rowPages[list];
  if (!row || others.length > 0 || page === undefined) return [];
  return [consoleLink('Open the row', consoleUrl, page, row.key)];
}

/** Link to the rows of the view; to all views where only the API shows its list. */
function viewLink({ list, query, rows }: ViewNews, consoleUrl: string): MessageLink {
  const page = listPages[list];
  if (!page) return consoleLink('Open saved views', consoleUrl, 'views');
  const [first = '', ...below] = page.path.slice(1).split('/');
  const link = consoleLink('Open the view', consoleUrl, first, ...below);
  const [row, ...others] = rows;
  // Incidents have numbers, which a query may name.
  const q = list === 'incidents' && row && others.length === 0 ? `number=${row.key}` : query;
  const search = new URLSearchParams({ ...page.search, ...(q !== '' && { q }) }).toString();
  return { ...link, url: search === '' ? link.url : `${link.url}?${search}` };
}

/** Alert of new rows, for channels whose readers are programs. */
export function viewAlert({ id, name, list, owner, rows }: ViewNews, now: Date): Alert {
  return {
    identity: `view/${id}/${now.toISOString()}`,
    labels: { kind: 'view', view: name, list, owner },
    annotations: { summary: `New rows of the view ${name}`, total: String(rows.length) },
    status: 'firing',
    startsAt: now.toISOString(),
    endsAt: null,
  };
}
