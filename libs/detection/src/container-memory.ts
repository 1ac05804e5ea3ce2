import type { Digest, Observation } from '@tidewaiter/domain';
import type { FactContext } from '@tidewaiter/facts';
import type { WorkloadRef } from '@tidewaiter/workloads';

import { containerKey } from './container-key.js';
import { RecentMap } from './recent-map.js';

const maxContainers = 50_000;
const maxPods = 50_000;

interface KnownContainer {
  digest: Digest | null;
  startedMs: number | null;
}

export interface KeptContainers {
  containers: [string, KnownContainer][];
  workloads: [string, WorkloadRef][];
}

/**
 * What one sensor said of a container holds for what another leaves out: Tetragon names the workload and the digest, Falco cuts the id and
 * names the pod, the API server knows no container at all.
 */
export class ContainerMemory {
  readonly #containers = new RecentMap<KnownContainer>(maxContainers);
  /** Of pods that said so themselves, and of containers. */
  readonly #workloads = new RecentMap<WorkloadRef>(maxPods);

  note(observation: Observation, facts: FactContext): void {
    const container = containerKey(observation);
    if (container !== null) {
      const known = this.#containers.get(container);
      const digest = facts.digestOf(observation) ?? known?.digest ?? null;
      const startedMs = facts.startedAtOf(observation) ?? known?.startedMs ?? null;
      if (known?.digest !== digest || known.startedMs !== startedMs) this.#containers.set(container, { digest, startedMs });
    }
    const { cluster, pod } = observation;
    if (!pod?.namespace || !pod.workload || !pod.workloadKind) return;
    const ref = { cluster, namespace: pod.namespace, kind: pod.workloadKind, name: pod.workload };
    for (const key of workloadKeys(observation)) if (this.#workloads.get(key)?.name !== ref.name) this.#workloads.set(key, ref);
  }

  /** `facts`, which know these containers, too. */
  within(facts: FactContext): FactContext {
    return {
      ...facts,
      digestOf: (observation) => facts.digestOf(observation) ?? this.#known(observation)?.digest ?? null,
      startedAtOf: (observation) => facts.startedAtOf(observation) ?? this.#known(observation)?.startedMs ?? null,
      workloadOf: (observation) => this.#workloadOf(observation) ?? requestWorkload(observation) ?? facts.workloadOf(observation),
    };
  }

  snapshot(): KeptContainers {
    return { containers: this.#containers.entries(), workloads: this.#workloads.entries() };
  }

  restore({ containers, workloads }: KeptContainers): void {
    this.#containers.restore(containers);
    this.#workloads.restore(workloads);
  }

  #known(observation: Observation): KnownContainer | undefined {
    const key = containerKey(observation);
    return key === null ? undefined : this.#containers.get(key);
  }

  #workloadOf(observation: Observation): WorkloadRef | null {
    for (const key of workloadKeys(observation)) {
      const ref = this.#workloads.get(key);
      if (ref !== undefined) return ref;
    }
    return null;
  }
}

function workloadKeys(observation: Observation): string[] {
  const { cluster, pod, request } = observation;
  const container = containerKey(observation);
  const keys = container === null ? [] : [`container:${container}`];
  if (pod?.namespace && pod.name) keys.push(podKey(cluster, pod.namespace, pod.name));
  else if (request?.namespace && request.name && request.resource?.startsWith('pods')) {
    keys.push(podKey(cluster, request.namespace, request.name));
  }
  return keys;
}

function podKey(cluster: string | null, namespace: string, name: string): string {
  return `pod:${cluster ?? ''}/${namespace}/${name}`;
}

const kinds: ReadonlyMap<string, string> = new Map([
  ['deployments', 'Deployment'],
  ['daemonsets', 'DaemonSet'],
  ['statefulsets', 'StatefulSet'],
  ['jobs', 'Job'],
  ['cronjobs', 'CronJob'],
]);

/** A request to make, change or remove a workload is about that workload. */
function requestWorkload({ cluster, request }: Observation): WorkloadRef | null {
  const kind = kinds.get(request?.resource?.split('/')[0] ?? '');
  return kind && request?.namespace && request.name ? { cluster, namespace: request.namespace, kind, name: request.name } : null;
}
