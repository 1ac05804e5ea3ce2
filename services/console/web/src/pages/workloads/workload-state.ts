import type { Workload } from '../../api/types.js';

/** State of a workload by its containers; an object of Kubernetes alone proves none. */
export function workloadState({ containers, lastSeen }: Pick<Workload, 'containers' | 'lastSeen'>): string {
  if (containers > 0) return 'running';
  return lastSeen === null ? 'not seen running' : 'ended';
}
