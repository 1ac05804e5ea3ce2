import { type Authority, type Attributed, attribute, mergeByAuthority } from './attributed.js';
import type { NamespaceClaim, ServiceClaim } from './claims.js';
import type { PodRecord } from './container-record.js';

/** Limits on entries: more would be an attack or a mistake. */
const maxNamespaces = 50_000;
const maxServices = 10_000;

interface NamespaceRecord {
  labels: Attributed<string> | null;
  /** Services by name; empty while none is known. */
  services: Map<string, { service: Attributed<string> | null; isIngress: boolean }>;
}

type Labels = Readonly<Record<string, string>>;

/**
 * Claims about namespaces and their services. Keys are `cluster` and `namespace` separated by a
 * line break.
 */
export class NamespaceRecords {
  readonly #records = new Map<string, NamespaceRecord>();
  /** Parsed labels: they are looked up for nearly every event. */
  readonly #read = new WeakMap<Attributed<string>, Labels>();

  addNamespace({ cluster, namespace, labels }: NamespaceClaim, by: Authority, atMs: number): void {
    const record = this.#record(`${cluster ?? ''}\n${namespace}`);
    record.labels = mergeByAuthority(record.labels, attribute(labels && JSON.stringify(labels), by, atMs));
  }

  addService(claim: ServiceClaim, by: Authority, atMs: number): void {
    const { cluster, namespace, name, exposed, selector, isGone } = claim;
    const { services } = this.#record(`${cluster ?? ''}\n${namespace}`);
    const service = services.get(name) ?? { service: null, isIngress: false };
    if (services.size < maxServices) services.set(name, service);
    if (selector === null && exposed === true && !isGone) service.isIngress = true;
    else
      service.service = mergeByAuthority(
        service.service,
        attribute(JSON.stringify({ exposed, selector, isGone }), by, atMs),
      );
  }

  /** Returns the labels of a namespace; null while unknown. */
  labelsOf(key: string): Labels | null {
    const labels = this.#records.get(key)?.labels;
    if (!labels) return null;
    let read = this.#read.get(labels);
    if (!read) this.#read.set(labels, (read = JSON.parse(labels.value) as Labels));
    return read;
  }

  /**
   * Whether any of the pods is reachable from outside the cluster; null while no services or labels
   * are known.
   */
  isExposed(key: string, pods: readonly PodRecord[]): boolean | null {
    const services = [...(this.#records.get(key)?.services.values() ?? [])];
    const labels = pods.flatMap(({ fields }) => (fields.labels ? [JSON.parse(fields.labels.value) as Labels] : []));
    if (services.length === 0 || labels.length === 0) return null;
    return services.some(({ service, isIngress }) => {
      if (service === null) return false;
      const { exposed, selector, isGone } = JSON.parse(service.value) as ServiceClaim;
      const wanted = Object.entries(selector ?? {});
      if (isGone || !(exposed || isIngress) || wanted.length === 0) return false;
      return labels.some((own) => wanted.every(([label, value]) => own[label] === value));
    });
  }

  #record(key: string): NamespaceRecord {
    const record = this.#records.get(key) ?? { labels: null, services: new Map() };
    this.#records.set(key, record);
    const [oldest] = this.#records.keys();
    if (this.#records.size > maxNamespaces && oldest !== undefined) this.#records.delete(oldest);
    return record;
  }
}
