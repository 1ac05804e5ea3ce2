import type { PodName } from './claims.js';

/** Reference to the top-level object that runs a container. */
export interface WorkloadRef {
  cluster: string | null;
  namespace: string;
  /** `Deployment`, `DaemonSet`, `CronJob`, `Pod` … */
  kind: string;
  name: string;
}

/** `namespace/Kind/name`, within one cluster. */
export function workloadKey({ namespace, kind, name }: WorkloadRef): string {
  return `${namespace}/${kind}/${name}`;
}

/** The reverse of {@link workloadKey}; null for text that is not such a key. */
export function parseWorkloadKey(key: string): Omit<WorkloadRef, 'cluster'> | null {
  const [namespace, kind, name, ...rest] = key.split('/');
  return namespace && kind && name && rest.length === 0 ? { namespace, kind, name } : null;
}

export function podKey({ cluster, namespace, name }: PodName): string {
  return `${cluster ?? ''}\n${namespace}\n${name}`;
}

/** The reverse of {@link podKey}. */
export function parsePodKey(key: string): PodName {
  const [cluster, namespace, name] = key.split('\n') as [string, string, string];
  return { cluster: cluster === '' ? null : cluster, namespace, name };
}
