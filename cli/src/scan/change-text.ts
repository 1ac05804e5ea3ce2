import { type Finding, type FindingChanges, printable } from '@tidewaiter/domain';

import { count } from '../terminal.js';

const maxShown = 20;

/** A heading with the number of its items and the first of them; nothing where there are none. */
export function section<Item>(title: string, items: readonly Item[], line: (item: Item) => string): string {
  if (items.length === 0) return '';
  const lines = items.slice(0, maxShown).map((item) => `  ${printable(line(item))}`);
  if (items.length > maxShown) lines.push(`  … ${count(items.length - maxShown)} more; -o json has them all`);
  return `${title} (${count(items.length)})\n${lines.join('\n')}\n`;
}

/** What a change brought and took, and what would be there without it. */
export function changeSections({ introduced, newlyPublished, resolved }: FindingChanges): string[] {
  return [
    section('findings introduced', introduced, (each) => `+ ${findingLine(each)}`),
    section('findings published meanwhile', newlyPublished, (each) => `! ${findingLine(each)}`),
    section('findings resolved', resolved, (each) => `- ${findingLine(each)}`),
  ];
}

export function changeCounts({ introduced, newlyPublished, resolved, unchanged }: FindingChanges): string {
  const parts = [
    [introduced, 'introduced'],
    [newlyPublished, 'published meanwhile'],
    [resolved, 'resolved'],
    [unchanged, 'unchanged'],
  ] as const;
  return `findings: ${parts.map(([list, what]) => `${count(list.length)} ${what}`).join(', ')}`;
}

export function findingLine({ id, severity, title }: Finding): string {
  return `${id}  ${severity}  ${title}`;
}
