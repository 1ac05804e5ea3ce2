/** A workload of Kubernetes; without a name of the cluster where no sensor has one. */
export interface WorkloadPlace {
  readonly cluster: string | null;
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
}

/** Parts of the address of a workload; `-` is the cluster without a name. */
export function workloadParams({ cluster, ...place }: WorkloadPlace) {
  return { cluster: cluster === null || cluster === '' ? '-' : cluster, ...place };
}

/** Place of `namespace/Kind/name`, as incidents have it; null outside of Kubernetes. */
export function placeOfWorkload(workload: string, cluster: string | null): WorkloadPlace | null {
  const parts = workload.split('/');
  const [namespace = '', kind = '', name = ''] = parts;
  return parts.length === 3 && parts.every((part) => part !== '') ? { cluster, namespace, kind, name } : null;
}
