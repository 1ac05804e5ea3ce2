import type { AffectedPackage } from '../../affected-package.js';
import type { ProgramIdentity } from '../../programs/program-identities.js';
import { overrideStream, programEcosystem } from '../../programs/programs.js';

/** Facts of an entry about a program. */
interface ProgramVersions extends Pick<AffectedPackage, 'versions' | 'ranges' | 'cpe' | 'doubt'> {
  platforms?: readonly string[];
}

export function programEntry(
  { name }: ProgramIdentity,
  { cpe, versions, ranges, platforms = [], doubt }: ProgramVersions,
): AffectedPackage {
  return {
    ...{ ecosystem: programEcosystem, release: name, name, versions, ranges },
    ...(cpe !== undefined && { cpe }),
    ...(platforms.length > 0 && { platforms: [...platforms] }),
    ...(doubt !== undefined && { doubt }),
    ...{ severity: null, unfixed: 'not-fixed', isIncomplete: false },
  };
}

/** Joins entries that differ only in their versions: old records list each version of its own. */
export function mergedEntries(entries: readonly AffectedPackage[]): AffectedPackage[] {
  const groups = Map.groupBy(entries, ({ name, cpe, platforms, doubt }) =>
    JSON.stringify([name, cpe, platforms, doubt]),
  );
  return [...groups.values()].map((group) => ({
    ...group[0]!,
    versions: [...new Set(group.flatMap(({ versions }) => versions))],
    ranges: group.flatMap(({ ranges }) => ranges),
  }));
}

/** Entry that includes no version, and precedes those of other sources. */
export function clearingEntry(program: ProgramIdentity): AffectedPackage {
  return { ...programEntry(program, { versions: [], ranges: [] }), stream: overrideStream };
}
