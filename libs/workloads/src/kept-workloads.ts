import type { KnownWorkload } from './known.js';
import { keyOfWorkload } from './pod-records.js';

type Labels = KnownWorkload['namespaceLabels'];

/** What other ledgers were told of workloads, or this one before a restart. It counts where nobody tells this one. */
export class KeptWorkloads {
  readonly #workloads = new Map<string, KnownWorkload>();
  readonly #labels = new Map<string, Labels>();

  /** @param max those that were kept longest ago go first */
  constructor(private readonly max: number) {}

  /** @returns the key of the workload */
  add(workload: KnownWorkload): string {
    const key = keyOfWorkload(workload);
    this.#put(this.#workloads, key, workload);
    const { cluster, namespace, namespaceLabels } = workload;
    // Every namespace has labels: none are of a ledger that was not told of it.
    if (Object.keys(namespaceLabels).length > 0) {
      this.#put(this.#labels, `${cluster ?? ''}\n${namespace}`, namespaceLabels);
    }
    return key;
  }

  get(key: string): KnownWorkload | null {
    return this.#workloads.get(key) ?? null;
  }

  /** Of a namespace, by `cluster` and `namespace`, a line break between. */
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
