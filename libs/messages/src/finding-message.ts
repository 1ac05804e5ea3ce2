import type { Exploitation } from '@tidewaiter/advisories';
import type { FindingKind, FixState, Severity } from '@tidewaiter/domain';

import { exploitedText } from './exploited-text.js';
import {
  aboutValues,
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
  /** Whether a workload runs the image; absent or null while nobody tells. */
  running?: boolean | null;
  /** Who answers for it; null where nobody says. */
  owner: string | null;
}

/** A vulnerability that came to images, or left them, without a push. */
export interface FindingReport {
  kind: FindingKind;
  id: string;
  advisoryId: string;
  title: string;
  severity: Severity;
  exploitation: Exploitation;
  status: 'opened' | 'resolved';
  /** ISO 8601: when we heard of it. */
  at: string;
  /** What tags point to. */
  places: FindingPlace[];
}

/** One message about one advisory: where it hits, and what to do. */
export function findingMessage(report: FindingReport, { consoleUrl }: { consoleUrl: string }): Message {
  const isOpen = report.status === 'opened';
  const status = isOpen ? 'firing' : 'resolved';
  const { severity } = report;
  const places = report.places.toSorted(runningFirst);
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
    tally: {
      fresh: isOpen ? 1 : 0,
      exploited: isOpen && report.exploitation.kev ? 1 : 0,
      still: 0,
      fixed: isOpen ? 0 : 1,
    },
    about: aboutValues({
      vulnerability: report.id,
      advisory: report.advisoryId,
      packages: packageNames(places),
      fixedIn: fixesOf(places),
    }),
  };
}

function headline({ id, status, exploitation: { kev }, places }: FindingReport): string {
  const hits = status === 'opened' ? 'hits' : 'no longer hits';
  const name = kev && status === 'opened' ? `${id} (exploited)` : id;
  return `${name} ${hits} ${enumerate(packageNames(places), 2)} in ${count(digestsOf(places).size, 'image')}`;
}

function summary(report: FindingReport): string {
  const { status, title, kind, exploitation, places, id } = report;
  if (status === 'resolved') return `${title}. Its advisory was corrected or withdrawn; nobody needs to do anything.`;
  const sentences = [
    `${title}.`,
    'The advisory is new: the images have not changed.',
    exploitedText([{ id, ...exploitation }]),
    reachText(places),
    kind === 'malware' ? 'It is malicious: remove it.' : remedyText(fixText(places)),
  ];
  return sentences.filter(Boolean).join(' ');
}

/** How far it reaches, in one sentence. */
function reachText(places: readonly FindingPlace[]): string {
  const repositories = new Set(places.map(({ registry, repository }) => `${registry}/${repository}`)).size;
  const all = digestsOf(places).size;
  const where = `${count(all, 'image')} of ${count(repositories, 'repository', 'repositories')}`;
  const told = places.filter(({ running = null }) => running !== null);
  const running = digestsOf(places.filter((place) => place.running === true)).size;
  if (running > 0)
    return `It is in ${where}; ${running === all ? 'all of them run' : `${running} of them ${running === 1 ? 'runs' : 'run'}`}.`;
  return `It is in ${where}${told.length > 0 ? '; none of them was seen running' : ''}.`;
}

function digestsOf(places: readonly FindingPlace[]): Set<string> {
  return new Set(places.map(({ digest }) => digest));
}

function remedyText(fixed: string | null): string {
  return fixed === null ? 'No fixed version is known yet.' : `Upgrading to ${fixed} fixes it.`;
}

function facts({ id, advisoryId, exploitation, places }: FindingReport): Message['facts'] {
  return [
    ...fact('Vulnerability', id),
    ...fact('Advisory', advisoryId === id ? null : advisoryId),
    ...fact('Exploitation', exploitationText(exploitation)),
    ...fact('Packages', enumerate(packageNames(places), 6)),
    ...fact('Fixed in', fixText(places)),
  ];
}

function runningFirst(a: FindingPlace, b: FindingPlace): number {
  return Number(b.running === true) - Number(a.running === true);
}

function itemOf(place: FindingPlace): Message['sections'][number]['items'][number] {
  const { registry, repository, tag, packageName, installedVersion, match, fix } = place;
  const target = fix.version === null ? '' : `, fixed in ${fix.version}`;
  const runs = place.running === true ? ' · runs' : '';
  const doubt = match === 'unknown' ? ', perhaps: its version cannot be compared' : '';
  return {
    severity: null,
    text: `${registry}/${repository}:${tag}`,
    detail: `${packageName} ${installedVersion}${target}${doubt}${runs}`,
    isNew: false,
  };
}

function exploitationText({ kev, epss }: Exploitation): string | null {
  const chance = epss === null ? null : `EPSS ${epss.toFixed(2)}`;
  return [kev ? 'known' : null, chance].filter(Boolean).join(', ') || null;
}

function packageNames(places: readonly FindingPlace[]): string[] {
  return [...new Set(places.map(({ packageName }) => packageName))].toSorted();
}

function fixesOf(places: readonly FindingPlace[]): string[] {
  return [...new Set(places.flatMap(({ fix }) => fix.version ?? []))].toSorted();
}

function fixText(places: readonly FindingPlace[]): string | null {
  const versions = fixesOf(places);
  return versions.length === 0 ? null : enumerate(versions, 3);
}
