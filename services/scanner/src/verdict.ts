import { countBySeverity, type Finding, isAtLeast, type SeverityCounts } from '@tidewaiter/domain';
import type { Verdict, Warning } from '@tidewaiter/store';

/** Warnings after which "nothing found" would mean nothing. */
const blindingCodes = new Set([
  'OS_UNKNOWN',
  'ADVISORIES_MISSING',
  'MALFORMED_FILE',
  'DIGESTS_MIXED',
  'FILE_TOO_LARGE',
  'MORE_WARNINGS',
  'LIMIT_EXCEEDED',
]);

/** The findings of a push that count: what a later layer hides does not run, but a secret in it is given away all the same. */
export function presentFindings<F extends Pick<Finding, 'state' | 'kind'>>(findings: readonly F[]): F[] {
  return findings.filter(({ state, kind }) => state === 'present' || kind === 'secret');
}

/** One vulnerability of a package counts once, however many platforms of the push have it. */
export function countFindings(findings: readonly Finding[]): SeverityCounts {
  const unique = new Map(presentFindings(findings).map((finding) => [finding.fingerprint, finding]));
  return countBySeverity(unique.values());
}

/** `fail` on a critical or high finding; `unknown` where something could not be judged, be it how bad a finding is; else `pass`. */
export function verdictOf(findings: readonly Finding[], warnings: readonly Warning[]): Verdict {
  const present = presentFindings(findings);
  if (present.some(({ severity }) => isAtLeast(severity, 'high'))) return 'fail';
  const isUnjudged = present.some(({ severity, match }) => severity === 'unknown' || match === 'unknown');
  return isUnjudged || warnings.some(({ code }) => blindingCodes.has(code)) ? 'unknown' : 'pass';
}

/** What is there now and was not before, and the other way round, by fingerprint. */
export function changedFindings(
  now: readonly Finding[],
  before: readonly Finding[],
): { introduced: number; resolved: number } {
  const [present, past] = [now, before].map(
    (findings) => new Set(presentFindings(findings).map(({ fingerprint }) => fingerprint)),
  );
  return { introduced: present!.difference(past!).size, resolved: past!.difference(present!).size };
}

/** How the packages of two images differ, by type and name. */
export function changedPackages(
  now: readonly { type: string; name: string; version: string }[],
  before: readonly { type: string; name: string; version: string }[],
): { added: number; removed: number; changed: number } {
  const [present, past] = [now, before].map(versionsByName);
  const common = [...present!.keys()].filter((name) => past!.has(name));
  return {
    added: present!.size - common.length,
    removed: past!.size - common.length,
    changed: common.filter((name) => present!.get(name) !== past!.get(name)).length,
  };
}

function versionsByName(packages: readonly { type: string; name: string; version: string }[]): Map<string, string> {
  const versions = Map.groupBy(packages, ({ type, name }) => `${type}/${name}`);
  return new Map([...versions].map(([name, all]) => [name, distinctVersions(all)]));
}

/** A package that several platforms have at the same version counts as one. */
function distinctVersions(packages: readonly { version: string }[]): string {
  return [...new Set(packages.map(({ version }) => version))].toSorted().join(' ');
}
