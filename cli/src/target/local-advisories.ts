import {
  type AdvisoryKey,
  type AdvisoryRecord,
  type AgeLimits,
  advisoryKeyOf,
  blindSpots,
  cvesOf,
  endOfLifeAges,
  endOfLifeFeed,
  evaluateInventory,
  exploitationAges,
  oldestOf,
  scopesOf,
  type Rating,
  type SourceAge,
  sourceAges,
  sourceDates,
  type SourceDate,
  staleAdvisories,
  staleEndOfLife,
  staleExploitation,
  staleWarningsChangeAt,
} from '@tidewaiter/advisories';
import { AdvisoryFile, isAdvisoryFile } from '@tidewaiter/advisory-file';
import type { PublishedReleases } from '@tidewaiter/checks';
import type { Finding, ImagePackage, LinkedNames, OsRelease } from '@tidewaiter/domain';
import type { Warning } from '@tidewaiter/oci';
import type { ReportFinding } from '@tidewaiter/reports';

import type { AdvisoriesAtHand } from './advisories-at-hand.js';

/** Ends of support, and how old their data is. */
export interface EndOfLifeEvaluation {
  /** Null where only built-in data is known. */
  published: PublishedReleases | null;
  warnings: Warning[];
  ages: SourceAge[];
}

export interface PackageEvaluation {
  findings: ReportFinding[];
  warnings: Warning[];
  /** Time until which the advisories for these packages are complete, ISO 8601. */
  asOf: string | null;
  /** Sources that were used, with the same time of each. */
  sources: SourceDate[];
  /** When the warnings about old data change; null if they never do. */
  changesAt: Date | null;
  /** Releases of the products in the image; null where only built-in data is known. */
  published: PublishedReleases | null;
}

export interface LocalAdvisoriesOptions {
  /** The local file, or OSV records: an archive, a folder of archives, or of records. */
  path: string;
  /** Ages above which advisories are reported as stale. */
  maxAges: AgeLimits;
}

/**
 * Evaluates the packages of an image by advisories in files.
 * @param programs names of the code in each program of the image
 * @throws NotFound `ADVISORIES_MISSING`
 * @throws InvalidInput `ADVISORIES_DAMAGED`
 */
export async function evaluatePackages(
  packages: readonly ImagePackage[],
  os: OsRelease | null,
  programs: readonly LinkedNames[],
  { path, maxAges }: LocalAdvisoriesOptions,
  now: Date,
): Promise<PackageEvaluation> {
  const scoped = packages.map((each) => ({ ...each, scope: advisoryKeyOf(each, os) }));
  const keys = scoped.flatMap(({ scope }) => scope ?? []);
  const { datedProducts } = await import('@tidewaiter/checks');
  const products = await publishedNames(datedProducts(os, packages));
  return withAdvisories(path, keys, (advisories) => {
    const covered = advisories.covered(scopesOf(scoped));
    // The age of the data of shadowed packages does not count, as those packages do not.
    const current = scopesOf(scoped.filter(({ state }) => state === 'present'));
    const ages = advisories.ages(new Set(advisories.covered(current).map(({ ecosystem }) => ecosystem)));
    const findings = evaluateInventory(
      packages,
      os,
      advisories.candidatesFor,
      advisories.ratingsOf,
      programs,
      advisories.cpesOf,
    );
    const ended = publishedIn(advisories, products, now, maxAges);
    const warnings = [
      ...blindSpots(scoped, os, covered),
      ...advisories.warnings,
      ...staleAdvisories(ages, now, maxAges),
      // Only findings are ranked by them.
      ...(findings.length === 0 ? [] : staleExploitation(advisories.exploitationAges, now, maxAges)),
      ...ended.warnings,
    ];
    const facts = [...advisories.exploitationAges, ...ended.ages];
    return {
      findings: findings.map((each) => withExploitation(each, advisories)),
      warnings,
      asOf: oldestOf(ages),
      sources: sourceDates([...ages, ...facts]),
      changesAt: staleWarningsChangeAt([...ages, ...facts], now, maxAges),
      published: ended.published,
    };
  });
}

/**
 * Ends of support of some products by advisories in files.
 * @throws NotFound `ADVISORIES_MISSING`
 * @throws InvalidInput `ADVISORIES_DAMAGED`
 */
export async function publishedEnds(
  products: readonly string[],
  { path, maxAges }: LocalAdvisoriesOptions,
  now: Date,
): Promise<EndOfLifeEvaluation> {
  const names = await publishedNames(products);
  return withAdvisories(path, [], (advisories) => publishedIn(advisories, names, now, maxAges));
}

async function publishedNames(products: readonly string[]): Promise<string[]> {
  const { publishedName } = await import('@tidewaiter/checks');
  return products.map(publishedName);
}

function publishedIn(
  advisories: AdvisoriesAtHand,
  products: readonly string[],
  now: Date,
  maxAges: AgeLimits,
): EndOfLifeEvaluation {
  const published = products.length === 0 ? null : advisories.endOfLife(products);
  const ages = published ? endOfLifeAges([{ name: endOfLifeFeed, asOf: published.asOf }]) : [];
  return { published, ages, warnings: staleEndOfLife(ages, now, maxAges) };
}

async function withAdvisories<T>(
  path: string,
  keys: readonly AdvisoryKey[],
  work: (advisories: AdvisoriesAtHand) => T,
): Promise<T> {
  if (!isAdvisoryFile(path)) {
    const { loadRecords } = await import('./loaded-records.js');
    return work(await loadRecords(path, keys));
  }
  using file = AdvisoryFile.open(path);
  const feeds = file.feeds();
  return work({
    candidatesFor: (key) => file.candidates(key),
    ratingsOf: (vulnerabilityId) => file.recordsOf(vulnerabilityId).flatMap(ratingOf),
    covered: (scopes) => file.covered(scopes),
    exploitation: (cves) => file.exploitation(cves),
    ages: (ecosystems) => sourceAges(feeds, ecosystems),
    exploitationAges: exploitationAges(feeds),
    cpesOf: (repository) => file.cpesOf(repository),
    endOfLife: (products) => {
      const [age] = endOfLifeAges(feeds);
      return age ? { asOf: age.asOf, products: file.endOfLife(products) } : null;
    },
    warnings: [],
  });
}

function ratingOf({ id, severity, cvss }: AdvisoryRecord): Rating[] {
  return severity === 'unknown' ? [] : [{ advisoryId: id, severity, cvss }];
}

function withExploitation(finding: Finding, advisories: AdvisoriesAtHand): ReportFinding {
  return { ...finding, ...advisories.exploitation(cvesOf(finding)) };
}
