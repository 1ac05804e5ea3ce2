import type { FleetChange } from '@tidewaiter/store';

/** A change of the fleet as the data of `finding.opened` and `finding.resolved`. */
export function findingData({ vulnerabilityId, packages, images, workloads, ...change }: FleetChange) {
  return { id: vulnerabilityId, counts: { packages, images, workloads }, ...change };
}
