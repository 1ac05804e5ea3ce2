import { createHash } from 'node:crypto';

import {
  type AdvisorySummary,
  compareSeverity,
  type Confidence,
  type Finding,
  type FindingKind,
  findingOf,
  type ImagePackage,
  type LinkedNames,
  type Reachability,
  type Severity,
} from '@tidewaiter/domain';

import type { PackageMatch } from './package-match.js';
import { reachabilityOf } from './reachability.js';
import { isCve, isGhsa } from './vulnerability-id.js';

/** Advisory with its match for a package. */
export interface Hit {
  advisory: AdvisorySummary;
  match: PackageMatch;
}

/** Rating of a vulnerability by some advisory, about any package. Distributions often have none. */
export interface Rating {
  advisoryId: string;
  severity: Severity;
  cvss: AdvisorySummary['cvss'];
}

/** Returns all ratings of a vulnerability, by its best-known id. */
export type RatingLookup = (vulnerabilityId: string) => readonly Rating[];

/** Fields of the vulnerable package in a finding. */
export type VulnerablePackage = Pick<
  ImagePackage,
  'type' | 'name' | 'version' | 'purl' | 'foundIn' | 'layer' | 'state'
>;

/**
 * Findings of one package: one for each vulnerability, for any number of advisories about it.
 * @param programs names of the code in each program of the image
 */
export function packageFindings(
  pkg: VulnerablePackage,
  hits: readonly Hit[],
  ratingsOf: RatingLookup = () => [],
  programs: readonly LinkedNames[] = [],
): Finding[] {
  const known = knownVulnerabilities(hits);
  const byVulnerability = new Map<string, Hit[]>();
  for (const hit of hits) {
    for (const id of vulnerabilitiesOf(hit, known)) {
      const about = byVulnerability.get(id);
      if (about) about.push(hit);
      else byVulnerability.set(id, [hit]);
    }
  }
  return [...byVulnerability].map(([id, about]) => {
    const ratings = ratingsOf(id).toSorted((a, b) => compareSeverity(a.severity, b.severity));
    const reachability = reachabilityIn(pkg, about, programs);
    const finding = findingAbout(id, pkg, about.toSorted(byPrecedence), ratings);
    return { ...finding, ...(reachability !== undefined && { reachability }) };
  });
}

/** By the advisories that list functions: those that list none know less, and exclude nothing. */
function reachabilityIn(
  pkg: VulnerablePackage,
  hits: readonly Hit[],
  programs: readonly LinkedNames[],
): Reachability | undefined {
  const known = hits.flatMap(({ match }) => reachabilityOf(pkg, match.evidence.imports, programs) ?? []);
  return known.includes('linked') ? 'linked' : known[0];
}

/**
 * Maps every id of an advisory that is no CVE to the better ids of advisories with that id or
 * alias.
 */
function knownVulnerabilities(hits: readonly Hit[]): ReadonlyMap<string, ReadonlySet<string>> {
  const known = new Map<string, Set<string>>();
  for (const { advisory, match } of hits) {
    for (const id of [advisory.id, ...advisory.aliases]) {
      if (isCve(id)) continue;
      const ids = known.get(id) ?? new Set();
      for (const each of match.vulnerabilityIds) ids.add(each);
      known.set(id, ids);
    }
  }
  return known;
}

/**
 * A record without a CVE may share an id with one that has one; without any CVE, all agree on one
 * id.
 */
function vulnerabilitiesOf({ advisory, match }: Hit, known: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  if (match.vulnerabilityIds.some(isCve)) return match.vulnerabilityIds;
  const ids = new Set([advisory.id, ...advisory.aliases].flatMap((id) => [...(known.get(id) ?? [])]));
  const cves = [...ids].filter(isCve);
  if (cves.length > 0) return cves;
  const sorted = [...ids].toSorted();
  return [sorted.find(isGhsa) ?? sorted[0] ?? advisory.id];
}

/** `hits` are sorted by precedence, `ratings` worst first. */
function findingAbout(id: string, pkg: VulnerablePackage, hits: readonly Hit[], ratings: readonly Rating[]): Finding {
  const { advisory, match } = hits[0]!;
  const kind = kindOf(id, hits);
  return findingOf({
    kind,
    id,
    aliases: aliasesOf(id, hits),
    severity: severityOf(kind, hits, ratings),
    title: advisory.title,
    fingerprint: vulnerabilityFingerprint(id, pkg),
    purl: pkg.purl,
    packageName: pkg.name,
    installedVersion: pkg.version,
    path: pkg.foundIn,
    layer: pkg.layer,
    state: pkg.state,
    match: match.state,
    fix: { state: match.fix.state, version: match.fix.version ?? null },
    cvss: [...hits.map((hit) => hit.advisory), ...ratings].find(({ cvss }) => cvss !== null)?.cvss ?? null,
    confidence: confidenceOf(hits),
    evidence: {
      advisory: advisory.id,
      ...(advisory.published !== null && { published: advisory.published }),
      ...match.evidence,
      ...evaluationsOf(hits, ratings),
    },
  });
}

/**
 * A record that names a package by its purl is certain. One that names a program by a CPE is so
 * only if it lists this very version, or a record of another source agrees; else it is likely, and
 * with a doubt possible.
 */
function confidenceOf(hits: readonly Hit[]): Confidence {
  const affected = hits.filter(({ match }) => match.state === 'affected').map(({ match }) => match.evidence);
  if (affected.length === 0) return 'possible';
  if (affected.some(({ cpe }) => cpe === undefined)) return 'certain';
  const clear = affected.filter(({ platforms, doubt }) => platforms === undefined && doubt === undefined);
  if (clear.length === 0) return 'possible';
  return clear.some(({ isExact }) => isExact) ? 'certain' : 'likely';
}

/**
 * Orders hits by precedence: affected before unknown, then with a fix, then about a single
 * vulnerability.
 */
function byPrecedence(one: Hit, other: Hit): number {
  return precedence(one) < precedence(other) ? -1 : 1;
}

function precedence({ match: { state, fix, vulnerabilityIds, advisoryId } }: Hit): string {
  return [
    state === 'affected' ? 0 : 1,
    fix.version === undefined ? 1 : 0,
    vulnerabilityIds.length === 1 ? 0 : 1,
    advisoryId,
  ].join(' ');
}

/**
 * Kind of a finding. RustSec's `unmaintained` and `unsound` are no vulnerabilities, unless they
 * have a CVE.
 */
function kindOf(id: string, hits: readonly Hit[]): FindingKind {
  if (hits.some(({ advisory }) => advisory.id.startsWith('MAL-'))) return 'malware';
  return !isCve(id) && isInformational(hits) ? 'supply-chain' : 'vulnerability';
}

function isInformational(hits: readonly Hit[]): boolean {
  return hits.every(({ match }) => match.evidence.informational !== undefined);
}

/** Ids of the advisories and their aliases; an update's other CVEs are not included. */
function aliasesOf(id: string, hits: readonly Hit[]): string[] {
  const aliases = new Set<string>();
  for (const { advisory, match } of hits) {
    const others =
      match.vulnerabilityIds.length > 1 ? advisory.aliases.filter((each) => !isCve(each)) : advisory.aliases;
    for (const each of [advisory.id, ...others]) aliases.add(each);
  }
  aliases.delete(id);
  return [...aliases].toSorted();
}

/**
 * Severity by the first hit, else by the next that evaluates, else the worst of all ratings.
 * Without any, malware is critical, and an unmaintained package is low.
 */
function severityOf(kind: FindingKind, hits: readonly Hit[], ratings: readonly Rating[]): Severity {
  if (hits.every(({ match }) => match.evidence.mitigation !== undefined)) return 'negligible';
  const words = [...hits.map(severityIn), ...ratings.map(({ severity }) => severity)];
  const evaluated = words.find((severity) => severity !== 'unknown');
  if (evaluated !== undefined) return evaluated;
  if (isInformational(hits)) return 'low';
  return kind === 'malware' && hits[0]!.match.state === 'affected' ? 'critical' : 'unknown';
}

function severityIn({ advisory, match }: Hit): Severity {
  return match.severity ?? advisory.severity;
}

/** Ratings by the databases of OSV, and the advisories that exclude the version. */
function evaluationsOf(
  hits: readonly Hit[],
  ratings: readonly Rating[],
): { severities: Record<string, Severity>; disagreeing?: string[] } {
  const severities: Record<string, Severity> = {};
  const own = hits.map((hit) => ({ advisoryId: hit.advisory.id, severity: severityIn(hit) }));
  // Later assignments win: the worst of others, then the hit with precedence.
  for (const { advisoryId, severity } of [...own, ...ratings].toReversed()) {
    if (severity !== 'unknown') severities[databaseOf(advisoryId)] = severity;
  }
  const hitting = new Set(hits.map(({ advisory }) => advisory.id));
  const disagreeing = new Set(hits.flatMap(({ match }) => match.evidence.disagreeing ?? []));
  const others = [...disagreeing].filter((id) => !hitting.has(id)).toSorted();
  return { severities, ...(others.length > 0 && { disagreeing: others }) };
}

/**
 * `GHSA`, `UBUNTU`. A prefix cannot name a property of every object: those have no capital first.
 */
function databaseOf(id: string): string {
  return /^[A-Z][A-Za-z]*/.exec(id)?.[0] ?? 'other';
}

/**
 * Fingerprint of a vulnerability of a package, without version and digest: the same vulnerability
 * in the next push has the same.
 */
export function vulnerabilityFingerprint(id: string, { type, name }: { type: string; name: string }): string {
  return createHash('sha256').update(['vulnerability', id, type, name].join('\n')).digest('hex');
}
