import { keyOfWorkload } from './pod-records.js';
import type { WorkloadView } from './views.js';

type Labels = WorkloadView['namespaceLabels'];

/**
 * Persisted workloads: from other ledgers, or from this one before a restart. Used where this
 * ledger has no claims.
 */
export class PersistedWorkloads {
  readonly #workloads = new Map<string, WorkloadView>();
  readonly #labels = new Map<string, Labels>();

  /** @param max limit on entries; the least recently added are evicted first */
  constructor(private readonly max: number) {}

  /** @returns the key of the workload */
  add(workload: WorkloadView): string {
    const key = keyOfWorkload(workload);
    this.#put(this.#workloads, key, workload);
    const { cluster, namespace, namespaceLabels } = workload;
    // Every namespace has labels: an empty set comes from a ledger that did not know them.
    if (Object.keys(namespaceLabels).length > 0) {
      this.#put(this.#labels, `${cluster ?? ''}\n${namespace}`, namespaceLabels);
    }
    return key;
  }

  get(key: string): WorkloadView | null {
    return this.#workloads.get(key) ?? null;
  }

  /** Labels of a namespace, whose key is `cluster` and `namespace` separated by a line break. */
  labelsOf(namespace: string): Labels | null {
    return this.#labels.get(namespace) ?? null;
  }

  #put<Value>(map: Map<string, Value>, key: string, value: Value): void {
    map.delete(key);
    map.set(key, value);
    const [oldest] = map.keys();
    if (map.size > this.max && oldest !== undefined) map.delete(oldest);
  }
}
