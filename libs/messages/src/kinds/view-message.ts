import { type Alert, type Severity, worstSeverity } from '@tidewaiter/domain';

import {
  clean,
  consoleLink,
  count,
  fact,
  maxItemChars,
  maxTitleChars,
  type Message,
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
  rows: readonly { title: string; severity: Severity | null }[];
}

/** Message about new rows of a saved view. */
export function viewMessage(
  { name, list, query, owner, limits, rows }: ViewNews,
  consoleUrl: string,
  now: Date,
): Message {
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
    links: [consoleLink('Open saved views', consoleUrl, 'views')],
    footer: clean(`Tidewaiter · view ${name} of ${owner}`, maxItemChars),
  };
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
