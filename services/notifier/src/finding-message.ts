import type { FindingKind, FixState, Severity } from '@tidewaiter/domain';

import {
  clean,
  consoleLink,
  count,
  enumerate,
  fact,
  headWord,
  maxItemChars,
  maxTitleChars,
  type Message,
  section,
} from './message.js';

/** An image that has, or had, what is wrong. */
export interface FindingPlace {
  /** Host of the registry: `registry.example.com`. */
  registry: string;
  repository: string;
  tag: string;
  digest: string;
  packageName: string;
  packageType: string;
  installedVersion: string;
  /** `unknown`: the version could not be compared. */
  match: 'affected' | 'unknown';
  fix: { state: FixState; version: string | null };
  /** Whether a workload runs it; null while nobody tells of containers. */
  running: boolean | null;
  /** Whether it is known to be exploited. */
  kev: boolean;
  /** Who answers for the image; null where nobody says. */
  owner: string | null;
}

/** A vulnerability that came to images, or left them, without a push. */
export interface FindingReport {
  kind: FindingKind;
  id: string;
  advisoryId: string;
  title: string;
  severity: Severity;
  status: 'opened' | 'resolved';
  /** ISO 8601: when we heard of it. */
  at: string;
  /** What tags point to. */
  places: FindingPlace[];
}

/** One message about one advisory: where it hits, and what to do. */
export function findingMessage(report: FindingReport, { consoleUrl }: { consoleUrl: string }): Message {
  const status = report.status === 'opened' ? 'firing' : 'resolved';
  const { severity, places } = report;
  const word = headWord({ status, severity });
  return {
    kind: 'finding',
    status,
    severity,
    title: clean(`${word} · ${headline(report)}`, maxTitleChars),
    summary: clean(summary(report), 2 * maxItemChars),
    facts: facts(report),
    sections: section('Images', places.map(itemOf)),
    links: places.slice(0, 1).map(({ digest }) => consoleLink('Open image', consoleUrl, 'images', digest)),
    footer: clean(`Tidewaiter · ${report.id} · ${report.advisoryId}`, maxItemChars),
  };
}

function headline({ id, status, places }: FindingReport): string {
  const images = new Set(places.map(({ digest }) => digest)).size;
  const hits = status === 'opened' ? 'hits' : 'no longer hits';
  return `${id} ${hits} ${enumerate(packageNames(places), 2)} in ${count(images, 'image')}`;
}

function summary({ status, title, kind, places }: FindingReport): string {
  if (status === 'resolved') return `${title}. Its advisory was corrected or withdrawn; nobody needs to do anything.`;
  const remedy = kind === 'malware' ? 'It is malicious: remove it.' : remedyText(fixText(places));
  return `${title}. The advisory is new: the images have not changed. ${remedy}`;
}

function remedyText(fixed: string | null): string {
  return fixed === null ? 'No fixed version is known yet.' : `Upgrading to ${fixed} fixes it.`;
}

function facts({ id, advisoryId, places }: FindingReport): Message['facts'] {
  return [
    ...fact('Vulnerability', id),
    ...fact('Advisory', advisoryId === id ? null : advisoryId),
    ...fact('Packages', enumerate(packageNames(places), 6)),
    ...fact('Fixed in', fixText(places)),
  ];
}

function itemOf(place: FindingPlace): Message['sections'][number]['items'][number] {
  const { registry, repository, tag, packageName, installedVersion, match, fix } = place;
  const target = fix.version === null ? '' : `, fixed in ${fix.version}`;
  const doubt = match === 'unknown' ? ', perhaps: its version cannot be compared' : '';
  return {
    severity: null,
    text: `${registry}/${repository}:${tag}`,
    detail: `${packageName} ${installedVersion}${target}${doubt}`,
    isNew: false,
  };
}

function packageNames(places: readonly FindingPlace[]): string[] {
  return [...new Set(places.map(({ packageName }) => packageName))].toSorted();
}

function fixText(places: readonly FindingPlace[]): string | null {
  const versions = [...new Set(places.flatMap(({ fix }) => fix.version ?? []))].toSorted();
  return versions.length === 0 ? null : enumerate(versions, 3);
}
