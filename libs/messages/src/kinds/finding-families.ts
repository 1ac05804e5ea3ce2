import { compareSeverity, worstSeverity } from '@tidewaiter/domain';
import { highestVersion, versionOrder } from '@tidewaiter/versions';

import { enumerate } from '../message.js';
import type { AffectedPlace, FindingReport } from './finding-report.js';

/** Vulnerabilities of the same packages in the same images, which one upgrade closes. */
export interface FindingFamily {
  /** Exploited ones first, then the most severe. */
  reports: FindingReport[];
  packages: string[];
  places: AffectedPlace[];
  /**
   * The version that closes all of them; null where none does, or where versions cannot be
   * compared.
   */
  target: string | null;
}

/** Image under the names with which it was announced. */
export interface AffectedImage {
  registry: string;
  repository: string;
  /** `shop/app:1.4`, or `shop/app@sha256:0123456789ab` for an image that no tag points to. */
  name: string;
  /** Tag of the image; the last one where no tag points to it now. */
  tag: string | null;
  isTagged: boolean;
  digest: string;
  running: boolean;
  workloads: string[];
  places: AffectedPlace[];
}

/** Groups reports by packages and images, the worst family first. */
export function findingFamilies(reports: readonly FindingReport[]): FindingFamily[] {
  const families = Map.groupBy(reports, familyKey);
  return [...families.values()].map(familyOf).toSorted(worstFamilyFirst);
}

function familyKey({ places, reason, kind }: FindingReport): string {
  const where = places.map((place) => [place.registry, nameOf(place), place.packageName].join('\n'));
  return JSON.stringify([reason === 'advisory' ? '' : reason, kind, [...new Set(where)].toSorted()]);
}

function familyOf(reports: FindingReport[]): FindingFamily {
  const places = reports.flatMap((report) => report.places);
  return {
    reports: reports.toSorted(worstReportFirst),
    packages: [...new Set(places.map(({ packageName }) => packageName))].toSorted(),
    places,
    target: fixText(places),
  };
}

function worstReportFirst(a: FindingReport, b: FindingReport): number {
  return (
    Number(b.exploitation.kev) - Number(a.exploitation.kev) ||
    compareSeverity(a.severity, b.severity) ||
    (b.exploitation.epss ?? 0) - (a.exploitation.epss ?? 0) ||
    (a.id < b.id ? -1 : 1)
  );
}

/**
 * Order of families: exploited first, then the most severe, then those with most running images,
 * then most images.
 */
function worstFamilyFirst(a: FindingFamily, b: FindingFamily): number {
  const isExploited = ({ reports }: FindingFamily) => Number(reports.some(({ exploitation }) => exploitation.kev));
  const severityOf = ({ reports }: FindingFamily) => worstSeverity(reports.map(({ severity }) => severity));
  return (
    isExploited(b) - isExploited(a) ||
    compareSeverity(severityOf(a), severityOf(b)) ||
    runningCount(b.places) - runningCount(a.places) ||
    imageCount(b.places) - imageCount(a.places) ||
    (a.reports[0]!.id < b.reports[0]!.id ? -1 : 1)
  );
}

/**
 * The versions that fix a vulnerability or family: the highest for each package, where versions
 * compare.
 */
export function fixText(places: readonly AffectedPlace[]): string | null {
  const byPackage = Map.groupBy(places, ({ packageType, packageName }) => `${packageType}\n${packageName}`);
  const versions = [...byPackage.values()].flatMap((about) => {
    const fixes = [...new Set(about.flatMap(({ fix }) => fix.version ?? []))].toSorted();
    const target = fixes.length === 0 ? null : highestVersion(fixes, versionOrder(about[0]!.packageType));
    return target === null ? fixes : [target];
  });
  const all = [...new Set(versions)];
  return all.length === 0 ? null : enumerate(all, 3);
}

/** The images of some places, running ones first, then by name. */
export function imagesOf(places: readonly AffectedPlace[]): AffectedImage[] {
  const images = Map.groupBy(places, ({ registry, repository, tag, isTagged, digest }) =>
    JSON.stringify([registry, repository, tag, isTagged, digest]),
  );
  return [...images.values()].map(imageOf).toSorted(runningFirst);
}

function imageOf(places: AffectedPlace[]): AffectedImage {
  const { registry, repository, tag, isTagged, digest } = places[0]!;
  return {
    ...{ registry, repository, name: nameOf(places[0]!), tag, isTagged, digest, places },
    running: places.some(({ running }) => running === true),
    workloads: [...new Set(places.flatMap(({ workloads = [] }) => workloads))].toSorted(),
  };
}

function runningFirst(a: AffectedImage, b: AffectedImage): number {
  return Number(b.running) - Number(a.running) || (`${a.registry}/${a.name}` < `${b.registry}/${b.name}` ? -1 : 1);
}

function nameOf({ repository, tag, isTagged, digest }: AffectedPlace): string {
  return isTagged ? `${repository}:${tag}` : `${repository}@${digest.slice(0, 'sha256:'.length + 12)}`;
}

/** Number of images, by their digests. */
export function imageCount(places: readonly AffectedPlace[]): number {
  return new Set(places.map(({ digest }) => digest)).size;
}

/** Number of these images that run. */
export function runningCount(places: readonly AffectedPlace[]): number {
  return imageCount(places.filter(({ running }) => running === true));
}
