import {
  countedFindings,
  type Finding,
  type FindingChanges,
  layerText,
  morePlaces,
  placeOf,
  printable,
} from '@tidewaiter/domain';

import { count, fit } from '../terminal.js';

const maxShown = 20;

/**
 * A heading with the number of its items and the first of them; empty without items, a note where
 * they cannot be compared.
 */
export function section<Item>(title: string, items: readonly Item[] | null, line: (item: Item) => string): string {
  if (items === null) return `${title}: cannot be compared\n`;
  if (items.length === 0) return '';
  const lines = items.slice(0, maxShown).map((item) => shownLine(line(item)));
  if (items.length > maxShown) lines.push(`  … ${count(items.length - maxShown)} more; -o json has them all`);
  return `${title} (${count(items.length)})\n${lines.join('\n')}\n`;
}

/** Untrusted text, cut to the terminal's width. */
export function shownLine(line: string): string {
  return fit(`  ${printable(line)}`, process.stdout);
}

/**
 * Sections for findings that a change introduced or resolved, and for those published meanwhile,
 * which it did not cause.
 */
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
  return `findings: ${parts.map(([list, what]) => `${count(countedFindings(list).length)} ${what}`).join(', ')}`;
}

/**
 * `critical  CVE-2021-44228  log4j-core 2.14.1 -> 2.17.1  app/log4j.jar (layer 3)  Remote code`.
 */
export function findingLine(finding: Finding): string {
  const { id, severity, title } = finding;
  return [severity, id, upgradeOf(finding), whereOf(finding), title].filter((part) => part !== '').join('  ');
}

function upgradeOf({ packageName, installedVersion, fix }: Finding): string {
  if (packageName === null) return '';
  const installed = installedVersion === null ? packageName : `${packageName} ${installedVersion}`;
  if (fix.version !== null) return `${installed} -> ${fix.version}`;
  return fix.state === 'unknown' ? installed : `${installed} (no fix)`;
}

function whereOf(finding: Finding): string {
  const layer = layerText(finding);
  const parts = [placeOf(finding), layer && `(${layer})`, morePlaces(finding)];
  return parts.filter((part) => part !== null && part !== '').join(' ');
}
