import { Injectable } from '@nestjs/common';
import { isNameable } from '@tidewaiter/containment';
import { containmentKinds, type ContainmentSubject, type Incident } from '@tidewaiter/domain';

import { columnsOf } from '../core/columns.js';
import { Store } from '../core/store.js';
import { ContainerLedgerRow } from '../workloads/workload-rows.js';

const placeColumns = columnsOf(ContainerLedgerRow, {
  only: ['namespace', 'pod', 'podUid', 'node', 'serviceAccount', 'workloadKind', 'workload'],
});

/** A subject with its cluster. */
export interface PlacedSubject {
  cluster: string;
  subject: ContainmentSubject;
}

const maxContainers = 200;

/** Objects of the cluster that an incident is about: workloads, pods, nodes, service accounts. */
@Injectable()
export class ContainmentSubjects {
  constructor(private readonly store: Store) {}

  /**
   * Pods that still run, with what the container ledger knows about them; else what the incident
   * names. A caller with limits gets no nodes, which others share.
   */
  async of({ cluster, workloads }: Pick<Incident, 'cluster' | 'workloads'>): Promise<PlacedSubject[]> {
    const placed: PlacedSubject[] = [];
    const add = (at: string, subject: ContainmentSubject) => {
      if (isNameable(subject)) placed.push({ cluster: at, subject });
    };
    for (const reached of workloads) {
      const at = reached.cluster ?? cluster;
      if (at === null || at === '') continue;
      const [namespace = '', kind, name = ''] = reached.workload.split('/');
      const known = await this.#containersOf(at, namespace, reached.pods);
      const workloadKind = containmentKinds.find((each) => each === kind);
      if (workloadKind !== undefined) add(at, { kind: workloadKind, namespace, name, uid: null });
      const uids = new Map(known.flatMap(({ pod, podUid }) => (pod === null ? [] : [[pod, podUid] as const])));
      for (const pod of reached.pods) add(at, { kind: 'Pod', namespace, name: pod, uid: uids.get(pod) ?? null });
      for (const { serviceAccount, node } of known) {
        if (serviceAccount !== null) add(at, { kind: 'ServiceAccount', namespace, name: serviceAccount, uid: null });
        if (node !== null && !this.store.isLimited) add(at, { kind: 'Node', namespace: null, name: node, uid: null });
      }
    }
    return distinct(placed);
  }

  async #containersOf(cluster: string, namespace: string, pods: readonly string[]) {
    return this.store.rows(
      placeColumns,
      `FROM container_ledger WHERE cluster = $1 AND namespace = $2 AND pod = ANY($3)
       ORDER BY last_seen DESC LIMIT ${maxContainers}`,
      [cluster, namespace, pods],
    );
  }
}

function distinct(placed: readonly PlacedSubject[]): PlacedSubject[] {
  const unique = new Map<string, PlacedSubject>();
  for (const each of placed) {
    const { kind, namespace, name } = each.subject;
    const key = JSON.stringify([each.cluster, kind, namespace, name]);
    if (!unique.has(key)) unique.set(key, each);
  }
  return [...unique.values()];
}
