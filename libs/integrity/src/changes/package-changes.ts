import type { ImagePackage, PackageType } from '@tidewaiter/domain';

export interface PackageChange {
  type: PackageType;
  name: string;
  /** Null if the package is new. */
  before: string | null;
  /** Null if it was removed. */
  after: string | null;
}

/** Changes by name: of a package with several versions, those count that only one image has. */
export function packageChanges(before: readonly ImagePackage[], after: readonly ImagePackage[]): PackageChange[] {
  const [old, current] = [before, after].map(versionsByName) as [VersionsByName, VersionsByName];
  const changes: PackageChange[] = [];
  for (const key of new Set([...old.keys(), ...current.keys()])) {
    const [type, name] = key.split('\n') as [PackageType, string];
    const gone = [...(old.get(key) ?? [])].filter((version) => !current.get(key)?.has(version)).toSorted();
    const come = [...(current.get(key) ?? [])].filter((version) => !old.get(key)?.has(version)).toSorted();
    for (let index = 0; index < Math.max(gone.length, come.length); index += 1) {
      changes.push({ type, name, before: gone[index] ?? null, after: come[index] ?? null });
    }
  }
  return changes.toSorted((a, b) => order(a.type, b.type) || order(a.name, b.name));
}

type VersionsByName = Map<string, Set<string>>;

function versionsByName(packages: readonly ImagePackage[]): VersionsByName {
  const versions: VersionsByName = new Map();
  for (const { type, name, version, state } of packages) {
    if (state !== 'present') continue;
    const key = `${type}\n${name}`;
    versions.set(key, (versions.get(key) ?? new Set()).add(version));
  }
  return versions;
}

function order(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
