import { countBySeverity, type Finding, isCounted, type SeverityCounts } from '@tidewaiter/domain';

/** One vulnerability of a package counts once, however many platforms of the push have it. */
export function countFindings(findings: readonly Finding[]): SeverityCounts {
  const unique = new Map(findings.filter(isCounted).map((finding) => [finding.fingerprint, finding]));
  return countBySeverity(unique.values());
}

/** What is there now and was not before, and the other way round, by fingerprint. */
export function changedFindings(
  now: readonly Finding[],
  before: readonly Finding[],
): { introduced: number; resolved: number } {
  const [present, past] = [now, before].map(
    (findings) => new Set(findings.filter(isCounted).map(({ fingerprint }) => fingerprint)),
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
