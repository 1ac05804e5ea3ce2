import type { Exploitation } from '@tidewaiter/advisories';
import { compareSeverity, worstSeverity } from '@tidewaiter/domain';

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
  type MessageItem,
  section,
} from '../message.js';
import { exploitedText } from './exploited-text.js';
import {
  type FindingFamily,
  findingFamilies,
  fixText,
  imageCount,
  imagesOf,
  runningCount,
} from './finding-families.js';
import { imageNames, imageSection, namedImages, wherePhrase } from './finding-images.js';
import type { AffectedPlace, FindingReport } from './finding-report.js';

/**
 * One message about one or more vulnerabilities, however many images they hit: which, where, what
 * runs and what to do. Those of the same packages in the same images are one line, the worst first.
 */
export function findingMessage(reports: readonly FindingReport[], { consoleUrl }: { consoleUrl: string }): Message {
  const opened = reports.filter(({ status }) => status === 'opened');
  const families = findingFamilies(opened.length > 0 ? opened : reports);
  const listed = families.flatMap((family) => family.reports);
  const over = opened.length > 0 ? findingFamilies(reports.filter(({ status }) => status === 'resolved')) : [];
  const status = opened.length > 0 ? 'firing' : 'resolved';
  const severity = worstSeverity(listed.map((report) => report.severity));
  const all = listed.flatMap(({ places }) => places);
  const [first] = imagesOf(all);
  return {
    kind: 'finding',
    status,
    severity,
    title: clean(`${headWord({ status, severity })} · ${headline(families)}`, maxTitleChars),
    summary: clean(summary(families), 2 * maxItemChars),
    facts: facts(families),
    sections: [
      ...(listed.length > 1 ? section('Vulnerabilities', vulnerabilityItems(families)) : []),
      ...imageSection('Images', all),
      ...section('No longer affected', over.map(familyItem)),
    ],
    links: first === undefined ? [] : [consoleLink('Open image', consoleUrl, 'images', first.digest)],
    footer: clean(`Tidewaiter · ${idsText(listed, 6)}`, maxItemChars),
    tally: {
      fresh: opened.length,
      exploited: opened.filter(({ exploitation }) => exploitation.kev).length,
      still: 0,
      fixed: reports.length - opened.length,
    },
    about: aboutValues({
      vulnerability: listed[0]?.id ?? null,
      advisory: listed[0]?.advisoryId ?? null,
      packages: packageNames(families),
      fixedIn: [...new Set(all.flatMap(({ fix }) => fix.version ?? []))].toSorted(),
    }),
  };
}

/** A message for each family, for a summary that sorts them among others. */
export function findingMessages(reports: readonly FindingReport[], options: { consoleUrl: string }): Message[] {
  const byStatus = Map.groupBy(reports, ({ status }) => status);
  const families = [...byStatus.values()].flatMap(findingFamilies);
  return families.map((family) => findingMessage(family.reports, options));
}

function headline(families: readonly FindingFamily[]): string {
  const [family] = families;
  if (family === undefined) return 'No vulnerabilities';
  const places = families.flatMap((each) => each.places);
  const where = wherePhrase(places);
  if (families.length > 1) {
    const reports = families.flatMap((each) => each.reports);
    const packages = count(packageNames(families).length, 'package');
    return `${count(reports.length, 'vulnerability', 'vulnerabilities')} in ${packages}: ${where}; worst ${namesOf({ ...family, reports: family.reports.slice(0, 1) }, 1)}`;
  }
  const [{ status, reason, exploitation }] = family.reports as [FindingReport];
  const packages = enumerate(family.packages, 2);
  if (status === 'resolved') return `${namesOf(family, 2)} no longer in ${packages}: ${where}`;
  if (family.reports.length === 1 && reason === 'kev')
    return `${family.reports[0]!.id} is now exploited in the wild (KEV): ${where}`;
  if (family.reports.length === 1 && reason === 'epss')
    return `${family.reports[0]!.id} is now likely to be exploited (EPSS ${(exploitation.epss ?? 0).toFixed(2)}): ${where}`;
  return `${namesOf(family, 2)} in ${packages}: ${where}`;
}

/** `CVE-2021-44228 (exploited), CVE-2021-45046 and 2 more`. */
function namesOf({ reports }: FindingFamily, max: number): string {
  return idsText(reports, max);
}

function idsText(reports: readonly FindingReport[], max: number): string {
  const marked = reports.map(({ id, status, exploitation: { kev } }) =>
    kev && status === 'opened' ? `${id} (exploited)` : id,
  );
  return enumerate([...new Set(marked)], max);
}

function summary(families: readonly FindingFamily[]): string {
  const reports = families.flatMap((family) => family.reports);
  const [first] = reports;
  if (first === undefined) return '';
  const { status, title, kind } = first;
  const title1 = reports.length === 1 ? `${title}.` : '';
  if (status === 'resolved') return `${title1} The advisory was corrected or withdrawn; no action is needed.`.trim();
  const sentences = [
    title1,
    reasonText(reports),
    // The message about exploitation already contains it.
    exploitedText(
      reports.filter(({ reason }) => reason === 'advisory').map(({ id, exploitation }) => ({ id, ...exploitation })),
    ),
    reachText(families.flatMap(({ places }) => places)),
    kind === 'malware' ? 'It is malicious: remove it.' : remedyText(families),
  ];
  return sentences.filter(Boolean).join(' ');
}

function reasonText(reports: readonly FindingReport[]): string {
  const reasons = new Set(reports.map(({ reason }) => reason));
  if (reasons.size > 1) return 'The images have not changed, the vulnerability data has.';
  if (reasons.has('kev')) return 'It was added to a list of exploited vulnerabilities: the images have not changed.';
  if (reasons.has('epss')) return 'Its predicted exploitation (EPSS) rose: the images have not changed.';
  return `The ${reports.length === 1 ? 'advisory is' : 'advisories are'} new: the images have not changed.`;
}

/** How far it reaches, in one sentence. */
function reachText(places: readonly AffectedPlace[]): string {
  const repositories = new Set(places.map(({ registry, repository }) => `${registry}/${repository}`)).size;
  const all = imageCount(places);
  const isKnown = places.some(({ running = null }) => running !== null);
  const running = runningCount(places);
  const runs = running === all ? 'all running' : `${running || 'none'} running`;
  const figures = [
    `${count(all, 'image')} of ${count(repositories, 'repository', 'repositories')}`,
    ...(isKnown ? [runs] : []),
  ];
  return `Affected: ${enumerate(imageNames(places), 4)} (${figures.join(', ')}).`;
}

function remedyText(families: readonly FindingFamily[]): string {
  const fixable = families.filter(({ target }) => target !== null);
  const names = new Set(fixable.flatMap(({ packages }) => packages));
  const byPackage = Map.groupBy(
    fixable.flatMap(({ places }) => places),
    ({ packageName }) => packageName,
  );
  // The highest version of a package closes all of its vulnerabilities; packages with the same one
  // are named together.
  const byTarget = Map.groupBy(names, (name) => fixText(byPackage.get(name)!));
  const upgrades = [...byTarget].flatMap(([target, names]) =>
    target === null ? [] : `${enumerate(names, 2)} to ${target}`,
  );
  const unfixed = families.filter(({ target }) => target === null);
  if (upgrades.length === 0) return 'No fixed version is known yet.';
  const rest = unfixed.length === 0 ? '' : ` No fix is known for ${enumerate(packageNames(unfixed), 3)}.`;
  return `Upgrade ${enumerate(upgrades, 3)}.${rest}`;
}

function facts(families: readonly FindingFamily[]): Message['facts'] {
  const reports = families.flatMap((family) => family.reports);
  const [only] = reports;
  const fixes = families.length === 1 ? families[0]!.target : null;
  const single = reports.length === 1 && only ? only : null;
  return [
    ...fact(single ? 'Vulnerability' : 'Vulnerabilities', idsText(reports, 6)),
    ...fact('Advisory', single && single.advisoryId !== single.id ? single.advisoryId : null),
    ...fact('Exploitation', single && exploitationText(single.exploitation)),
    ...fact('Packages', enumerate(packageNames(families), 6)),
    ...fact('Upgrade to', fixes),
  ];
}

function exploitationText({ kev, epss }: Exploitation): string | null {
  const chance = epss === null ? null : `EPSS ${epss.toFixed(2)}`;
  return [kev ? 'known' : null, chance].filter(Boolean).join(', ') || null;
}

function packageNames(families: readonly FindingFamily[]): string[] {
  return [...new Set(families.flatMap(({ packages }) => packages))].toSorted();
}

/** A line each where there is one family, else a line for each family. */
function vulnerabilityItems(families: readonly FindingFamily[]): MessageItem[] {
  const [family] = families;
  if (families.length !== 1 || family === undefined) return families.map(familyItem);
  return family.reports.map(({ id, title, severity, exploitation, places }) => ({
    severity,
    text: exploitation.kev ? `${id} (exploited): ${title}` : `${id}: ${title}`,
    detail: [fixText(places), wherePhrase(places)].filter(Boolean).join(' · '),
    isNew: true,
  }));
}

function familyItem(family: FindingFamily): MessageItem {
  const { packages, places, target, reports } = family;
  const upgrade = target === null ? ', no fix known' : `, upgrade to ${target}`;
  const isOver = reports.every(({ status }) => status === 'resolved');
  const [worst] = reports.map(({ severity }) => severity).toSorted(compareSeverity);
  return {
    severity: isOver ? null : (worst ?? 'unknown'),
    text: `${namesOf(family, 3)} in ${enumerate(packages, 2)}${isOver ? '' : upgrade}`,
    detail: namedImages(places, 4),
    isNew: !isOver,
  };
}
