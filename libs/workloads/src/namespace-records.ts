import type { NamespaceClaim, ServiceClaim } from './claims.js';
import type { PodRecord } from './container-record.js';
import { type Authority, type Said, said, stronger } from './said.js';

/** More would be an attack, or a mistake. */
const maxNamespaces = 50_000;
const maxServices = 10_000;

interface NamespaceRecord {
  labels: Said<string> | null;
  /** By name; empty until somebody tells of one. */
  services: Map<string, { service: Said<string> | null; isIngress: boolean }>;
}

type Labels = Readonly<Record<string, string>>;

/** What is said of namespaces, and of how what is in them is reached. By `cluster` and `namespace`, a line break between. */
export class NamespaceRecords {
  readonly #records = new Map<string, NamespaceRecord>();
  /** Nearly every event is asked for them. */
  readonly #read = new WeakMap<Said<string>, Labels>();

  addNamespace({ cluster, namespace, labels }: NamespaceClaim, by: Authority, atMs: number): void {
    const record = this.#record(`${cluster ?? ''}\n${namespace}`);
    record.labels = stronger(record.labels, said(labels && JSON.stringify(labels), by, atMs));
  }

  addService(claim: ServiceClaim, by: Authority, atMs: number): void {
    const { cluster, namespace, name, exposed, selector, isGone } = claim;
    const { services } = this.#record(`${cluster ?? ''}\n${namespace}`);
    const service = services.get(name) ?? { service: null, isIngress: false };
    if (services.size < maxServices) services.set(name, service);
    if (selector === null && exposed === true && !isGone) service.isIngress = true;
    else service.service = stronger(service.service, said(JSON.stringify({ exposed, selector, isGone }), by, atMs));
  }

  /** Null until somebody tells of them. */
  labelsOf(key: string): Labels | null {
    const labels = this.#records.get(key)?.labels;
    if (!labels) return null;
    let read = this.#read.get(labels);
    if (!read) this.#read.set(labels, (read = JSON.parse(labels.value) as Labels));
    return read;
  }

  /** Whether something outside the cluster can reach one of some pods; null while nobody told of services or labels. */
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
