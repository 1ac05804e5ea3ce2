import type { Digest, Observation, Platform } from '@tidewaiter/domain';

import type { Claims, ContainerKind, NamespaceClaim, PodName, ServiceClaim } from './claims.js';
import { containerIdOf } from './claims.js';
import {
  type ContainerRecord,
  isSameButSeen,
  mergedContainers,
  mergedPods,
  type PodRecord,
  recordOfContainer,
  recordOfPod,
} from './container-record.js';
import { ContainerRecords } from './container-records.js';
import { fullRepository } from './image-id.js';
import { type ImageDirectory, manifestOf, noImages } from './image-resolution.js';
import { claimsOf } from './observed-claims.js';
import { workloadOfPodName } from './pod-name.js';
import { type Said, said, slotMs, stronger } from './said.js';
import { parsePodKey, parseWorkloadKey, podKey, type WorkloadRef, workloadKey } from './workload.js';

/** What is known of a container. Null: nobody said, or nobody can tell. */
export interface KnownContainer {
  id: string;
  name: string | null;
  kind: ContainerKind | null;
  cluster: string | null;
  node: string | null;
  pod: PodName | null;
  podUid: string | null;
  serviceAccount: string | null;
  workload: WorkloadRef | null;
  /** The manifest that runs. */
  digest: Digest | null;
  /** As somebody said them, of manifests, indexes and configs. */
  saidDigests: readonly Digest[];
  repository: string | null;
  tag: string | null;
  privileged: boolean | null;
  startedAtMs: number | null;
  endedAtMs: number | null;
  firstSeenMs: number;
  lastSeenMs: number;
}

/** What is known of a workload from its pods. */
export interface KnownWorkload extends WorkloadRef {
  imageDigests: readonly Digest[];
  namespaceLabels: Readonly<Record<string, string>>;
  exposed: boolean | null;
  privileged: boolean | null;
  serviceAccount: string | null;
  /** Pods that are not known to have ended. */
  replicas: number;
  /** Commands that the kubelet runs in its pods. */
  probes: readonly string[];
}

export interface LedgerOptions {
  images?: ImageDirectory;
  /** Those that were seen longest ago go first. */
  maxContainers?: number;
  maxPods?: number;
}

/** That a container still runs is told again after so long. */
const toldAgainMs = 3_600_000;

/** Containers whose last words are remembered. */
const maxRepeated = 50_000;
/** Sensors whose events all say the same of their container. */
const ordinary = new Set<Observation['source']>(['tetragon', 'tracee']);

interface Repeated extends Pick<Observation, 'container' | 'pod' | 'node'> {
  id: string;
  slot: number;
}

interface Answer {
  known: KnownContainer;
  pod: PodRecord | undefined;
  revision: number;
  images: number;
}

interface NamespaceRecord {
  labels: Said<string> | null;
  /** By name; empty until somebody tells of one. */
  services: Map<string, { service: Said<string> | null; isIngress: boolean }>;
}

/**
 * Which container runs what, as far as anybody said: watch, audit, sensors and runtimes in any order, each of whom knows a part.
 * What was seen of a container joins when it is asked for, so that who comes late still counts.
 */
export class ContainerLedger {
  readonly #containers: ContainerRecords;
  readonly #pods = new Map<string, PodRecord>();
  readonly #namespaces = new Map<string, NamespaceRecord>();
  /** Keys of the pods of a workload. */
  readonly #workloads = new Map<string, Set<string>>();
  readonly #platforms = new Map<string, Said<Platform>>();
  /** Digests of manifests or indexes by the digest of their config, as nodes say. */
  readonly #configs = new Map<Digest, readonly Digest[]>();
  readonly #changed = new Set<string>();
  readonly #changedWorkloads = new Set<string>();
  /** What sensors said last, by the id of the container as they say it. */
  readonly #repeated = new Map<string, Repeated>();
  /** Answers, as long as nothing that they were made of changed. */
  readonly #workloadAnswers = new Map<string, Omit<Answer, 'pod' | 'known'> & { known: KnownWorkload }>();
  readonly #answers = new WeakMap<ContainerRecord, Answer>();
  /** Grows when something is said that an answer may depend on beside containers and pods. */
  #revision = 0;
  readonly #maxPods: number;
  /** The last answer: one event is asked about several times. */
  #last: { observation: Observation; container: KnownContainer | null } | null = null;
  #images: ImageDirectory;

  constructor({ images = noImages, maxContainers = 100_000, maxPods = 100_000 }: LedgerOptions = {}) {
    this.#images = images;
    this.#maxPods = maxPods;
    this.#containers = new ContainerRecords(maxContainers);
  }

  /** Adds what an event says of containers. */
  observe(observation: Observation): void {
    if (this.#isRepeated(observation)) return;
    this.add(claimsOf(observation));
    this.#remember(observation);
  }

  add({ by, atMs, containers, pods, namespaces, services, images, nodes }: Claims): void {
    this.#last = null;
    for (const claim of containers) {
      const pod = claim.pod && podKey(claim.pod);
      this.#addContainer(recordOfContainer(claim, pod, by, atMs));
      if (pod !== null) this.#addToPod(pod, claim.id, atMs);
    }
    for (const claim of pods) this.#addPod(recordOfPod(podKey(claim), claim, by, atMs));
    for (const claim of namespaces) this.#addNamespace(claim, by, atMs);
    for (const claim of services) this.#addService(claim, by, atMs);
    if (images.length > 0 || nodes.length > 0) this.#revision += 1;
    for (const { configDigest, digests } of images) {
      const known = this.#configs.get(configDigest) ?? [];
      this.#configs.set(configDigest, unique([...known, ...digests]).toSorted());
    }
    for (const { cluster, node, platform } of nodes) {
      const key = `${cluster ?? ''}\n${node}`;
      this.#platforms.set(key, stronger(this.#platforms.get(key) ?? null, said(platform, by, atMs))!);
    }
  }

  /** The container that an event is about, or the only one that its pod can mean. */
  find(observation: Observation): KnownContainer | null {
    if (this.#last?.observation !== observation) this.#last = { observation, container: this.#find(observation) };
    return this.#last.container;
  }

  /** By its id, whole or cut; null where nobody said anything, or several containers begin like that. */
  container(id: string): KnownContainer | null {
    const record = this.#containers.find(id);
    return record && this.#known(record);
  }

  digestOf(observation: Observation): Digest | null {
    return this.find(observation)?.digest ?? null;
  }

  workloadOf(observation: Observation): WorkloadRef | null {
    const pod = podOf(observation);
    return this.find(observation)?.workload ?? (pod && this.#workloadOfPod(podKey(pod)));
  }

  startedAtOf(observation: Observation): number | null {
    return this.find(observation)?.startedAtMs ?? null;
  }

  probesOf(workload: WorkloadRef): readonly string[] {
    return this.workload(workload)?.probes ?? [];
  }

  workload(ref: WorkloadRef): KnownWorkload | null {
    const key = `${ref.cluster ?? ''}\n${workloadKey(ref)}`;
    const before = this.#workloadAnswers.get(key);
    const { revision: images } = this.#images;
    if (before?.revision === this.#revision && before.images === images) return before.known;
    const keys = this.#workloads.get(key);
    if (!keys) return null;
    const known = this.#workloadOf(ref, keys);
    this.#workloadAnswers.set(key, { known, revision: this.#revision, images });
    return known;
  }

  /** Everything that is known of containers, in no order that means anything. */
  *containers(): Generator<KnownContainer> {
    for (const record of this.#containers.records()) yield this.#known(record);
  }

  /** Containers of which something new was said since the last call. */
  takeChanged(): KnownContainer[] {
    const ids = [...this.#changed];
    this.#changed.clear();
    return unique(ids.map((id) => this.#containers.find(id)?.id ?? null)).map((id) => this.container(id)!);
  }

  /** Likewise of workloads. */
  takeChangedWorkloads(): KnownWorkload[] {
    const keys = [...this.#changedWorkloads];
    this.#changedWorkloads.clear();
    return keys.flatMap((key) => {
      const [cluster = '', rest = ''] = key.split('\n');
      const ref = parseWorkloadKey(rest);
      const workload = ref && this.workload({ cluster: cluster === '' ? null : cluster, ...ref });
      return workload ? [workload] : [];
    });
  }

  /** Takes another directory of images. */
  useImages(images: ImageDirectory): void {
    this.#images = images;
    this.#last = null;
    this.#revision += 1;
  }

  get size(): number {
    return this.#containers.size;
  }

  /**
   * Whether a sensor says nothing but what it has said of a container just before: then only when that was seen last changes.
   * Nearly all events are so, and claims take longer to make and to merge than all else that is done with an event.
   */
  #isRepeated({ source, container, pod, node, timeMs }: Observation): boolean {
    const last = container?.id && ordinary.has(source) ? this.#repeated.get(container.id) : undefined;
    if (!last || last.slot !== Math.floor(timeMs / slotMs) || last.node !== node) return false;
    if (!saysTheSame(last.container, container) || !saysTheSame(last.pod, pod)) return false;
    const record = this.#containers.exactly(last.id);
    if (!record || timeMs < record.firstSeenMs) return false;
    record.lastSeenMs = Math.max(record.lastSeenMs, Math.floor(timeMs));
    return true;
  }

  #remember({ source, container, pod, node, timeMs }: Observation): void {
    const id = container && ordinary.has(source) ? containerIdOf(container.id) : null;
    if (!container?.id || id === null) return;
    this.#repeated.set(container.id, { container, pod, node, id, slot: Math.floor(timeMs / slotMs) });
    const [oldest] = this.#repeated.keys();
    if (this.#repeated.size > maxRepeated && oldest !== undefined) this.#repeated.delete(oldest);
  }

  #find(observation: Observation): KnownContainer | null {
    const id = containerIdOf(observation.container?.id);
    if (id !== null) return this.container(id);
    const pod = podOf(observation);
    return pod && this.#onlyContainerOf(pod, observation.timeMs);
  }

  #workloadOf(ref: WorkloadRef, keys: ReadonlySet<string>): KnownWorkload {
    const pods = [...keys].map((key) => this.#pods.get(key)!);
    const namespace = this.#namespaces.get(`${ref.cluster ?? ''}\n${ref.namespace}`);
    const running = pods.filter(({ fields }) => fields.endedAtMs === null);
    const containers = pods.flatMap((pod) => pod.containers).map((id) => this.container(id));
    const latest = pods.reduce((best, pod) => mergedPods(best, { ...pod, key: best.key }));
    return {
      ...ref,
      imageDigests: unique(containers.map((container) => container?.digest ?? null)),
      namespaceLabels: namespace?.labels ? (JSON.parse(namespace.labels.value) as Record<string, string>) : {},
      exposed: namespace ? isExposed(namespace, pods) : null,
      privileged:
        latest.fields.privileged?.value ?? worst(containers.map((container) => container?.privileged ?? null)),
      serviceAccount: latest.fields.serviceAccount?.value ?? null,
      replicas: running.length,
      probes: latest.probes,
    };
  }

  #addContainer(record: ContainerRecord): void {
    const before = this.#containers.exactly(record.id);
    const after = before ? mergedContainers(before, record) : record;
    this.#containers.put(after);
    const isTold = before && Math.floor(before.lastSeenMs / toldAgainMs) === Math.floor(after.lastSeenMs / toldAgainMs);
    const isSame = before && isSameButSeen(before, after);
    if (!isTold || !isSame) this.#changed.add(record.id);
    const pod = isSame || after.fields.pod === null ? undefined : this.#pods.get(after.fields.pod.value);
    const workload = pod && workloadKeyOf(pod);
    if (workload) this.#workloadAnswers.delete(workload);
  }

  #addToPod(key: string, containerId: string, atMs: number): void {
    const pod = this.#pods.get(key);
    if (pod?.containers.includes(containerId)) return;
    const blank = { uid: null, node: null, serviceAccount: null, workload: null, labels: null, privileged: null };
    const fields = { ...blank, endedAtMs: null };
    this.#addPod({ key, lastSeenMs: atMs, fields, probes: [], containers: [containerId] });
  }

  #addPod(record: PodRecord): void {
    const before = this.#pods.get(record.key);
    const after = before ? mergedPods(before, record) : record;
    if (before?.fields.workload?.value !== after.fields.workload?.value) {
      this.#index(before, after);
    }
    this.#pods.set(record.key, after);
    if (!before || !isSameButSeen(before, after)) {
      for (const id of after.containers) this.#changed.add(id);
      const workload = workloadKeyOf(after);
      if (workload !== null) this.#touchWorkload(workload);
    }
    if (this.#pods.size > this.#maxPods) this.#forgetPods();
  }

  #index(before: PodRecord | undefined, after: PodRecord): void {
    if (before) this.#unindex(before);
    const key = workloadKeyOf(after);
    if (key === null) return;
    const pods = this.#workloads.get(key);
    if (pods) pods.add(after.key);
    else this.#workloads.set(key, new Set([after.key]));
  }

  #unindex(pod: PodRecord): void {
    const key = workloadKeyOf(pod);
    if (key !== null) this.#touchWorkload(key);
    const pods = key === null ? undefined : this.#workloads.get(key);
    pods?.delete(pod.key);
    if (key !== null && pods?.size === 0) this.#workloads.delete(key);
  }

  /** A twentieth at once: sorting for each new one would cost more than all else. */
  #forgetPods(): void {
    const oldest = [...this.#pods.values()].toSorted((a, b) => a.lastSeenMs - b.lastSeenMs);
    for (const pod of oldest.slice(0, Math.ceil(this.#maxPods / 20))) {
      this.#unindex(pod);
      this.#pods.delete(pod.key);
    }
  }

  #addNamespace({ cluster, namespace, labels }: NamespaceClaim, by: Claims['by'], atMs: number): void {
    const record = this.#namespace(cluster, namespace);
    record.labels = stronger(record.labels, said(labels && JSON.stringify(labels), by, atMs));
    this.#changeNamespace(cluster, namespace);
  }

  #addService(
    { cluster, namespace, name, exposed, selector, isGone }: ServiceClaim,
    by: Claims['by'],
    atMs: number,
  ): void {
    const { services } = this.#namespace(cluster, namespace);
    const service = services.get(name) ?? { service: null, isIngress: false };
    services.set(name, service);
    if (selector === null && exposed === true && !isGone) service.isIngress = true;
    else service.service = stronger(service.service, said(JSON.stringify({ exposed, selector, isGone }), by, atMs));
    this.#changeNamespace(cluster, namespace);
  }

  #touchWorkload(key: string): void {
    this.#changedWorkloads.add(key);
    this.#workloadAnswers.delete(key);
  }

  #changeNamespace(cluster: string | null, namespace: string): void {
    const prefix = `${cluster ?? ''}\n${namespace}/`;
    for (const key of this.#workloads.keys()) if (key.startsWith(prefix)) this.#touchWorkload(key);
  }

  #namespace(cluster: string | null, namespace: string): NamespaceRecord {
    const key = `${cluster ?? ''}\n${namespace}`;
    const record = this.#namespaces.get(key) ?? { labels: null, services: new Map() };
    this.#namespaces.set(key, record);
    return record;
  }

  #onlyContainerOf(pod: PodName, atMs: number): KnownContainer | null {
    const containers = unique(
      (this.#pods.get(podKey(pod))?.containers ?? []).map((id) => this.#containers.find(id)?.id ?? null),
    ).map((id) => this.container(id)!);
    const alive = containers.filter(({ kind, startedAtMs, endedAtMs }) => {
      const isMain = kind === 'app' || kind === null;
      return isMain && (startedAtMs ?? 0) <= atMs && (endedAtMs ?? Infinity) >= atMs;
    });
    return alive.length === 1 ? alive[0]! : null;
  }

  #workloadOfPod(key: string): WorkloadRef {
    const { cluster, namespace, name } = parsePodKey(key);
    const workload = this.#pods.get(key)?.fields.workload?.value;
    if (workload === undefined) return { cluster, namespace, ...workloadOfPodName(name) };
    const slash = workload.indexOf('/');
    return { cluster, namespace, kind: workload.slice(0, slash), name: workload.slice(slash + 1) };
  }

  #known(record: ContainerRecord): KnownContainer {
    const pod = record.fields.pod ? this.#pods.get(record.fields.pod.value) : undefined;
    const before = this.#answers.get(record);
    const { revision: images } = this.#images;
    if (before?.pod === pod && before?.revision === this.#revision && before.images === images) return before.known;
    const known = this.#answer(record, pod);
    this.#answers.set(record, { known, pod, revision: this.#revision, images });
    return known;
  }

  #answer(record: ContainerRecord, pod: PodRecord | undefined): KnownContainer {
    const { id, fields, firstSeenMs, lastSeenMs, digests } = record;
    const key = fields.pod?.value ?? null;
    const node = stronger(fields.node, pod?.fields.node ?? null)?.value ?? null;
    const place = key === null ? null : parsePodKey(key);
    const cluster = fields.cluster?.value ?? place?.cluster ?? null;
    const [repository, tag] = fields.reference?.value.split('\n') ?? [fields.repository?.value ?? null, null];
    return {
      id,
      name: fields.name?.value ?? null,
      kind: fields.kind?.value ?? null,
      cluster,
      node,
      pod: place,
      podUid: pod?.fields.uid?.value ?? null,
      serviceAccount: pod?.fields.serviceAccount?.value ?? null,
      workload: key === null ? null : this.#workloadOfPod(key),
      digest: this.#manifestOf(record, cluster, node),
      saidDigests: digests,
      repository: repository ?? null,
      tag: tag ?? null,
      privileged: fields.privileged?.value ?? null,
      startedAtMs: fields.startedAtMs?.value ?? null,
      endedAtMs: fields.endedAtMs?.value ?? pod?.fields.endedAtMs?.value ?? null,
      firstSeenMs,
      lastSeenMs,
    };
  }

  #manifestOf(
    { digests, bare, fields, firstSeenMs }: ContainerRecord,
    cluster: string | null,
    node: string | null,
  ): Digest | null {
    const [repository, tag] = fields.reference?.value.split('\n') ?? [];
    const image = {
      digests: unique([...digests, ...bare.flatMap((digest) => this.#configs.get(digest) ?? [])]),
      bare: new Set(bare),
      reference: repository && tag ? { repository: fullRepository(repository), tag } : null,
      startedAtMs: fields.startedAtMs?.value ?? firstSeenMs,
      platform: node === null ? null : (this.#platforms.get(`${cluster ?? ''}\n${node}`)?.value ?? null),
    };
    return manifestOf(image, this.#images);
  }
}

/** Of two plain records of texts, numbers and truths. */
function saysTheSame(a: object | null, b: object | null): boolean {
  if (a === b) return true;
  if (a === null || b === null) return false;
  for (const key in a) {
    if ((a as Record<string, unknown>)[key] !== (b as Record<string, unknown>)[key]) return false;
  }
  return true;
}

function podOf({ cluster, pod, request }: Observation): PodName | null {
  if (pod?.namespace && pod.name) return { cluster, namespace: pod.namespace, name: pod.name };
  const isPod = request?.resource === 'pods' || request?.resource?.startsWith('pods/');
  return isPod && request?.namespace && request.name
    ? { cluster, namespace: request.namespace, name: request.name }
    : null;
}

function workloadKeyOf(pod: PodRecord): string | null {
  const workload = pod.fields.workload?.value;
  const { cluster, namespace } = parsePodKey(pod.key);
  return workload === undefined ? null : `${cluster ?? ''}\n${namespace}/${workload}`;
}

function isExposed({ services }: NamespaceRecord, pods: readonly PodRecord[]): boolean | null {
  const labels = pods.map(({ fields }) =>
    fields.labels ? (JSON.parse(fields.labels.value) as Record<string, string>) : null,
  );
  if (services.size === 0 || labels.every((each) => each === null)) return null;
  return [...services.values()].some(({ service, isIngress }) => {
    if (service === null) return false;
    const { exposed, selector, isGone } = JSON.parse(service.value) as ServiceClaim;
    const selects = Object.entries(selector ?? {});
    if (isGone || !(exposed || isIngress) || selects.length === 0) return false;
    return labels.some((own) => own !== null && selects.every(([key, value]) => own[key] === value));
  });
}

function worst(answers: readonly (boolean | null)[]): boolean | null {
  return answers.includes(true) ? true : (answers.find((answer) => answer !== null) ?? null);
}

function unique<Value>(values: readonly (Value | null)[]): Value[] {
  return [...new Set(values)].filter((value) => value !== null);
}
