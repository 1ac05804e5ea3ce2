import type { WorkloadDetail } from '../../api/types.js';

type Run = WorkloadDetail['runs'][number];

export interface Pod {
  pod: string;
  node: string | null;
  isRunning: boolean;
  containers: Run[];
}

/** Pods of some containers in the order of these, running ones first. */
export function podsOf(runs: readonly Run[]): Pod[] {
  const pods = [...Map.groupBy(runs, ({ pod }) => pod ?? 'without a pod')].map(([pod, containers]) => ({
    pod,
    node: containers.find(({ node }) => node !== null)?.node ?? null,
    isRunning: containers.some(({ isRunning }) => isRunning),
    containers,
  }));
  return pods.toSorted((a, b) => Number(b.isRunning) - Number(a.isRunning));
}
