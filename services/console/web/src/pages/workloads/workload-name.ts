import type { WorkloadFinding } from '../../api/types.js';

/** `Deployment shop/web in eu1`. */
export function workloadName({ cluster, namespace, kind, name }: WorkloadFinding['workload']): string {
  return [`${kind} ${namespace}/${name}`, cluster].filter(Boolean).join(' in ');
}
