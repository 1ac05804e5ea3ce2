import { type AdvisoryCandidate, type CpeLookup, matchPackage } from '@tidewaiter/advisories';
import type { FleetMatch, UnmatchedPackage } from '@tidewaiter/store';

/** Matches packages of the fleet against the advisory candidates for their names. */
export function* matchPackages(
  packages: readonly UnmatchedPackage[],
  candidates: readonly AdvisoryCandidate[],
  cpesOf: CpeLookup,
): Generator<FleetMatch> {
  const byName = Map.groupBy(candidates, ({ ecosystem, name }) => `${ecosystem}\n${name}`);
  for (const { id, key, ...each } of packages) {
    const named = key.names.flatMap((name) => byName.get(`${key.ecosystem}\n${name}`) ?? []);
    for (const match of matchPackage(each, key, named, cpesOf)) yield { ...match, packageId: id };
  }
}
