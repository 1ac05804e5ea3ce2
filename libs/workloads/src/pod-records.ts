import { RecentMap } from '@tidewaiter/collections';

import { isSameButSeen, mergedPods, type PodRecord, withContainer } from './container-record.js';
import { oldestOf } from './oldest.js';
import { workloadOfPodName } from './pod-name.js';
import { parsePodKey, parseWorkloadKey, type WorkloadRef, workloadKey } from './workload.js';

const maxRefs = 20_000;

/** Pods and their workloads. */
export class PodRecords {
  readonly #pods = new Map<string, PodRecord>();
  /** Keys of the pods of a workload. */
  readonly #workloads = new Map<string, Set<string>>();

  /** One reference for all pods of a workload, by its key. */
  readonly #refs = new RecentMap<WorkloadRef>(maxRefs);

  /** @param onChange called with the key of each workload whose claims changed */
  constructor(
    private readonly max: number,
    private readonly onChange: (workload: string) => void,
  ) {}

  get(key: string): PodRecord | undefined {
    return this.#pods.get(key);
  }

  /** @returns whether the record changed more than the time when it was last seen */
  add(record: PodRecord): boolean {
    const before = this.#pods.get(record.key);
    const after = before ? mergedPods(before, record) : record;
    if (before?.fields.workload?.value !== after.fields.workload?.value) this.#index(before, after);
    this.#pods.set(record.key, after);
    if (this.#pods.size > this.max) this.#forget();
    if (before && isSameButSeen(before, after)) return false;
    this.touch(record.key);
    return true;
  }

  /** @returns whether the pod has a container more */
  addContainer(key: string, containerId: string, atMs: number): boolean {
    const pod = this.#pods.get(key);
    if (pod?.containers.includes(containerId)) return false;
    if (pod !== undefined) {
      const after = withContainer(pod, containerId, atMs);
      this.#pods.set(key, after);
      if (after.containers.length === pod.containers.length) return false;
      this.touch(key);
      return true;
    }
    const blank = { uid: null, node: null, serviceAccount: null, workload: null, labels: null, privileged: null };
    return this.add({
      key,
      lastSeenMs: atMs,
      fields: { ...blank, endedAtMs: null },
      probes: [],
      containers: [containerId],
    });
  }

  /** Marks the workload of a pod as changed. */
  touch(key: string): void {
    const pod = this.#pods.get(key);
    const workload = pod && workloadOfRecord(pod);
    if (workload) this.onChange(workload);
  }

  touchNamespace(namespace: string): void {
    for (const key of this.#workloads.keys()) if (key.startsWith(`${namespace}/`)) this.onChange(key);
  }

  /** Returns the workload of a pod; guessed from its name if no source claims one. */
  workloadOf(key: string): WorkloadRef {
    const { cluster, namespace, name } = parsePodKey(key);
    const workload = this.#pods.get(key)?.fields.workload?.value;
    const claimed = workload === undefined ? null : this.#claimed(cluster, `${namespace}/${workload}`);
    return claimed ?? { cluster, namespace, ...workloadOfPodName(name) };
  }

  #claimed(cluster: string | null, workload: string): WorkloadRef | null {
    const key = `${cluster ?? ''}\n${workload}`;
    const known = this.#refs.get(key);
    if (known !== undefined) return known;
    const parsed = parseWorkloadKey(workload);
    const ref = parsed && { cluster, ...parsed };
    if (ref !== null) this.#refs.set(key, ref);
    return ref;
  }

  /** The pods of a workload by its key. */
  ofWorkload(key: string): PodRecord[] {
    return Array.from(this.#workloads.get(key) ?? [], (pod) => this.#pods.get(pod)!);
  }

  #index(before: PodRecord | undefined, after: PodRecord): void {
    if (before) this.#unindex(before);
    const key = workloadOfRecord(after);
    if (key === null) return;
    const pods = this.#workloads.get(key);
    if (pods) pods.add(after.key);
    else this.#workloads.set(key, new Set([after.key]));
  }

  #unindex(pod: PodRecord): void {
    const key = workloadOfRecord(pod);
    if (key === null) return;
    const pods = this.#workloads.get(key);
    pods?.delete(pod.key);
    if (pods?.size === 0) this.#workloads.delete(key);
    this.onChange(key);
  }

  /**
   * Evicts a twentieth at once: sorting for each new record would cost more than everything else.
   */
  #forget(): void {
    for (const pod of oldestOf(this.#pods.values().toArray(), Math.ceil(this.max / 20))) {
      this.#unindex(pod);
      this.#pods.delete(pod.key);
    }
  }
}

/** Key of a workload across clusters: `cluster`, a line break, and the key within the cluster. */
export function keyOfWorkload(ref: WorkloadRef): string {
  let key = keys.get(ref);
  if (key === undefined) keys.set(ref, (key = `${ref.cluster ?? ''}\n${workloadKey(ref)}`));
  return key;
}

/**
 * Cached keys: events of a container share the object of their workload, and each needs its key
 * several times.
 */
const keys = new WeakMap<WorkloadRef, string>();

/** The reverse of {@link keyOfWorkload}. */
export function workloadOfKey(key: string): WorkloadRef | null {
  const [cluster = '', rest = ''] = key.split('\n');
  const ref = parseWorkloadKey(rest);
  return ref && { cluster: cluster === '' ? null : cluster, ...ref };
}

function workloadOfRecord({ key, fields }: PodRecord): string | null {
  const { cluster, namespace } = parsePodKey(key);
  return fields.workload === null ? null : `${cluster ?? ''}\n${namespace}/${fields.workload.value}`;
}
