import type { Digest, Observation } from '@tidewaiter/domain';

import { mergeByAuthority } from './attributed.js';
import { type Claims, containerIdOf, type Override, overrides, type PodName } from './claims.js';
import {
  type ContainerRecord,
  isSameButSeen,
  mergedContainers,
  mergedOfWorkload,
  type PodRecord,
  recordOfContainer,
  recordOfPod,
} from './container-record.js';
import { ContainerRecords } from './container-records.js';
import { fullRepository } from './image-id.js';
import { type ImageDirectory, manifestOf, noImages } from './image-resolution.js';
import { NamespaceRecords } from './namespace-records.js';
import { NodeRecords } from './node-records.js';
import { claimsOf } from './observed-claims.js';
import { PersistedWorkloads } from './persisted-workloads.js';
import { PodAddresses } from './pod-addresses.js';
import { keyOfWorkload, PodRecords, workloadOfKey } from './pod-records.js';
import { Repetitions } from './repetitions.js';
import type { ContainerView, WorkloadView } from './views.js';
import { parsePodKey, podKey, type WorkloadRef } from './workload.js';

export interface LedgerOptions {
  images?: ImageDirectory;
  /** Limit on containers; the least recently seen are evicted first. */
  maxContainers?: number;
  maxPods?: number;
  /** Clock, in milliseconds since 1970. Without one, a container is of its cluster for ever. */
  now?: () => number;
}

/**
 * Time without a report from its cluster after which a container may be claimed by another one,
 * whose name the operator may have changed.
 */
const boundMs = 86_400_000;

/** Interval after which a running container is reported as changed again. */
const reportAgainMs = 3_600_000;

/**
 * Ledger of the images that containers run, merged from watch, audit, sensors and runtimes in any
 * order, each of which has partial data. Claims about a container are merged on look-up, so that
 * late ones still count.
 */
export class ContainerLedger {
  readonly #containers: ContainerRecords;
  readonly #pods: PodRecords;
  readonly #namespaces = new NamespaceRecords();
  readonly #addresses = new PodAddresses();
  readonly #nodes = new NodeRecords();
  readonly #persisted: PersistedWorkloads;
  readonly #repetitions = new Repetitions();
  readonly #images: ImageDirectory;
  readonly #now: () => number;
  /** Ids and keys of entries that changed since the last `takeChanged` call. */
  readonly #changed = new Set<string>();
  readonly #changedWorkloads = new Set<string>();
  readonly #workloadAnswers = new Map<string, WorkloadView>();
  /** Last answer: each event is looked up several times. */
  #last: { observation: Observation; container: ContainerView | null; revision: number } | null = null;

  constructor({
    images = noImages,
    maxContainers = 100_000,
    maxPods = 100_000,
    now = () => -Infinity,
  }: LedgerOptions = {}) {
    this.#images = images;
    this.#now = now;
    this.#containers = new ContainerRecords(maxContainers);
    this.#persisted = new PersistedWorkloads(maxPods);
    this.#pods = new PodRecords(maxPods, (workload) => {
      this.#changedWorkloads.add(workload);
      this.#workloadAnswers.delete(workload);
    });
  }

  /** Adds the claims of an event about containers. */
  observe(observation: Observation): void {
    const repeated = this.#repetitions.repeatedIn(observation);
    if (repeated !== null && this.#seeAgain(repeated, observation.timeMs)) return;
    this.add(claimsOf(observation));
    if (!this.isOfAnotherCluster(observation)) this.#repetitions.remember(observation);
  }

  add(claims: Claims): void {
    const { by, atMs } = claims;
    this.#last = null;
    this.#nodes.add(claims);
    // Pods first: a container is added to a pod at less cost than a pod to another record of it.
    for (const claim of claims.pods) {
      this.#addPod(recordOfPod(podKey(claim), claim, by, atMs));
      this.#addresses.add(claim);
    }
    for (const claim of claims.containers) {
      if (this.#isElsewhere(claim.id, claim.cluster)) continue;
      const pod = claim.pod && podKey(claim.pod);
      this.#addContainer(recordOfContainer(claim, pod, by, claims));
      if (pod !== null && this.#pods.addContainer(pod, claim.id, atMs)) this.#changed.add(claim.id);
    }
    for (const claim of claims.namespaces) this.#namespaces.addNamespace(claim, by, atMs);
    for (const claim of claims.services) this.#namespaces.addService(claim, by, atMs);
    for (const { cluster, namespace } of [...claims.namespaces, ...claims.services]) {
      this.#pods.touchNamespace(`${cluster ?? ''}\n${namespace}`);
    }
  }

  /**
   * Adds persisted state of a workload. Claims made to this ledger take precedence, and the state
   * is not reported as changed.
   */
  addPersisted(workload: WorkloadView): void {
    this.#workloadAnswers.delete(this.#persisted.add(workload));
  }

  /** Returns the container of an event, or the only one that its pod can mean. */
  find(observation: Observation): ContainerView | null {
    const revision = this.#revision;
    if (this.#last?.observation !== observation || this.#last.revision !== revision) {
      this.#last = { observation, container: this.#find(observation), revision };
    }
    return this.#last.container;
  }

  /**
   * Looks a container up by its full or truncated id; null if it is unknown or several containers
   * share the prefix.
   */
  container(id: string): ContainerView | null {
    const record = this.#containers.find(id);
    return record && this.#known(record);
  }

  /**
   * Whether the sensor of one cluster names a container of another one. Ids are random: it is a
   * forgery, and says nothing about that container.
   */
  isOfAnotherCluster({ container, cluster }: Observation): boolean {
    const id = containerIdOf(container?.id);
    return id !== null && this.#isElsewhere(id, cluster);
  }

  digestOf(observation: Observation): Digest | null {
    return this.find(observation)?.digest ?? null;
  }

  workloadOf(observation: Observation): WorkloadRef | null {
    const found = this.find(observation)?.workload;
    if (found) return found;
    const pod = podOf(observation);
    return pod && this.#pods.workloadOf(podKey(pod));
  }

  startedAtOf(observation: Observation): number | null {
    return this.find(observation)?.startedAtMs ?? null;
  }

  /** Service account, `namespace:name`, of the pod that has an address; null if none is known. */
  accountAt(cluster: string | null, address: string): string | null {
    return this.#addresses.accountAt(cluster, address);
  }

  /** Returns the image fields that the container's pod overrides; null if unknown. */
  overridesOf(observation: Observation): readonly Override[] | null {
    return this.find(observation)?.overrides ?? null;
  }

  probesOf(workload: WorkloadRef): readonly string[] {
    return this.workload(workload)?.probes ?? [];
  }

  namespaceLabelsOf({ cluster, namespace }: WorkloadRef): Readonly<Record<string, string>> {
    const key = `${cluster ?? ''}\n${namespace}`;
    return this.#namespaces.labelsOf(key) ?? this.#persisted.labelsOf(key) ?? {};
  }

  workload(ref: WorkloadRef): WorkloadView | null {
    const key = keyOfWorkload(ref);
    const before = this.#workloadAnswers.get(key);
    if (before) return before;
    const persisted = this.#persisted.get(key);
    const pods = this.#pods.ofWorkload(key);
    if (pods.length === 0) return persisted;
    const known = this.#workloadOf(ref, pods, persisted);
    this.#workloadAnswers.set(key, known);
    return known;
  }

  /** Yields all known containers, in no particular order. */
  *containers(): Generator<ContainerView> {
    for (const record of this.#containers.records()) yield this.#known(record);
  }

  /** Containers whose claims changed since the last call. */
  takeChanged(): ContainerView[] {
    const ids = [...this.#changed];
    this.#changed.clear();
    return unique(ids.map((id) => this.#containers.find(id)?.id ?? null)).map((id) => this.container(id)!);
  }

  /**
   * Workloads that changed since the last call, without their persisted state: other ledgers may
   * have persisted newer state since.
   */
  takeChangedWorkloads(): WorkloadView[] {
    const keys = [...this.#changedWorkloads];
    this.#changedWorkloads.clear();
    return keys.flatMap((key) => {
      const [ref, pods] = [workloadOfKey(key), this.#pods.ofWorkload(key)];
      return ref && pods.length > 0 ? [this.#workloadOf(ref, pods, null)] : [];
    });
  }

  get size(): number {
    return this.#containers.size;
  }

  /** Grows with each claim that any answer may depend on. */
  get #revision(): number {
    return this.#nodes.revision + this.#images.revision;
  }

  /** A repeated claim only updates lastSeen. */
  #seeAgain(id: string, timeMs: number): boolean {
    const record = this.#containers.exactly(id);
    if (!record || timeMs < record.firstSeenMs) return false;
    record.lastSeenMs = Math.max(record.lastSeenMs, Math.floor(timeMs));
    return true;
  }

  #find(observation: Observation): ContainerView | null {
    const id = containerIdOf(observation.container?.id);
    if (id !== null) return this.#isElsewhere(id, observation.cluster) ? null : this.container(id);
    const pod = podOf(observation);
    return pod && this.#onlyContainerOf(pod, observation.timeMs);
  }

  #isElsewhere(id: string, cluster: string | null): boolean {
    if (cluster === null) return false;
    const record = this.#containers.find(id);
    const owner = record?.fields.cluster?.value ?? cluster;
    return owner !== cluster && this.#now() - record!.lastSeenMs <= boundMs;
  }

  #onlyContainerOf(pod: PodName, atMs: number): ContainerView | null {
    const ids = this.#pods.get(podKey(pod))?.containers ?? [];
    const alive = this.#containersOf(ids).filter(({ kind, startedAtMs, endedAtMs }) => {
      const isMain = kind === 'app' || kind === null;
      return isMain && (startedAtMs ?? 0) <= atMs && (endedAtMs ?? Infinity) >= atMs;
    });
    return alive.length === 1 ? alive[0]! : null;
  }

  /** Resolves ids, some of which may be prefixes of others, to distinct containers. */
  #containersOf(ids: readonly string[]): ContainerView[] {
    return unique(ids.map((id) => this.#containers.find(id)?.id ?? null)).map((id) => this.container(id)!);
  }

  #workloadOf(ref: WorkloadRef, pods: readonly PodRecord[], persisted: WorkloadView | null): WorkloadView {
    const namespace = `${ref.cluster ?? ''}\n${ref.namespace}`;
    const ids = pods.flatMap((pod) => pod.containers);
    const digests = () => unique(this.#containersOf(ids).map(({ digest }) => digest));
    const isPrivileged = (id: string) => this.#containers.find(id)?.fields.privileged?.value ?? null;
    const { fields, probes } = mergedOfWorkload(pods);
    return {
      ...ref,
      // Lazy: only this field changes when images become known, and it is seldom read.
      get imageDigests() {
        return digests();
      },
      namespaceLabels: this.#namespaces.labelsOf(namespace) ?? persisted?.namespaceLabels ?? {},
      exposed: this.#namespaces.isExposed(namespace, pods) ?? persisted?.exposed ?? null,
      privileged: fields.privileged?.value ?? worst(ids.map(isPrivileged)) ?? persisted?.privileged ?? null,
      serviceAccount: fields.serviceAccount?.value ?? persisted?.serviceAccount ?? null,
      replicas: pods.filter((pod) => pod.fields.endedAtMs === null).length,
      probes: probes.length > 0 ? probes : (persisted?.probes ?? []),
    };
  }

  #addContainer(record: ContainerRecord): void {
    const before = this.#containers.exactly(record.id);
    const after = before ? mergedContainers(before, record) : record;
    this.#containers.put(after);
    const isSame = before !== undefined && isSameButSeen(before, after);
    const isReported =
      before && Math.floor(before.lastSeenMs / reportAgainMs) === Math.floor(after.lastSeenMs / reportAgainMs);
    if (!isSame || !isReported) this.#changed.add(record.id);
    if (!isSame && after.fields.pod) this.#pods.touch(after.fields.pod.value);
  }

  #addPod(record: PodRecord): void {
    if (!this.#pods.add(record)) return;
    for (const id of this.#pods.get(record.key)?.containers ?? []) this.#changed.add(id);
  }

  #known(record: ContainerRecord): ContainerView {
    const pod = record.fields.pod ? this.#pods.get(record.fields.pod.value) : undefined;
    const { answer } = record;
    if (answer?.revision === this.#revision && answer.pod === pod) return answer.view;
    const view = this.#answer(record, pod);
    record.answer = { view, pod, revision: this.#revision };
    return view;
  }

  #answer(record: ContainerRecord, pod: PodRecord | undefined): ContainerView {
    const { id, fields, firstSeenMs, lastSeenMs, digests } = record;
    const key = fields.pod?.value ?? null;
    const node = mergeByAuthority(fields.node, pod?.fields.node ?? null)?.value ?? null;
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
      workload: key === null ? null : this.#pods.workloadOf(key),
      digest: this.#manifestOf(record, cluster, node),
      claimedDigests: digests,
      repository: repository ?? null,
      tag: tag ?? null,
      privileged: fields.privileged?.value ?? null,
      overrides: fields.overrides && overridesIn(fields.overrides.value),
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
      digests: unique([...digests, ...bare.flatMap((digest) => this.#nodes.digestsOf(cluster, digest))]),
      bare: new Set(bare),
      reference: repository && tag ? { repository: fullRepository(repository), tag } : null,
      startedAtMs: fields.startedAtMs?.value ?? firstSeenMs,
      platform: this.#nodes.platformOf(cluster, node),
    };
    return manifestOf(image, this.#images);
  }
}

function podOf({ cluster, pod, request }: Observation): PodName | null {
  if (pod?.namespace && pod.name) return { cluster, namespace: pod.namespace, name: pod.name };
  const isPod = request?.resource === 'pods' || request?.resource?.startsWith('pods/');
  return isPod && request?.namespace && request.name
    ? { cluster, namespace: request.namespace, name: request.name }
    : null;
}

function overridesIn(text: string): Override[] {
  return overrides.filter((each) => text.split(' ').includes(each));
}

function worst(answers: readonly (boolean | null)[]): boolean | null {
  return answers.includes(true) ? true : (answers.find((answer) => answer !== null) ?? null);
}

function unique<Value>(values: readonly (Value | null)[]): Value[] {
  return [...new Set(values)].filter((value) => value !== null);
}
