import type { Digest } from '@tidewaiter/domain';

import { type Authority, attribute, attributeAgain, type Attributed, mergeAllByAuthority } from './attributed.js';
import type { Claims, ContainerClaim, ContainerKind, PodClaim } from './claims.js';
import type { ContainerView } from './views.js';

/**
 * Merged claims about a container under one id. Merging is commutative: the order of claims does
 * not matter.
 */
export interface ContainerRecord {
  id: string;
  firstSeenMs: number;
  lastSeenMs: number;
  fields: {
    /** Key of the pod. */
    pod: Attributed<string> | null;
    cluster: Attributed<string> | null;
    node: Attributed<string> | null;
    name: Attributed<string> | null;
    kind: Attributed<ContainerKind> | null;
    /** `repository`, a line break, tag. */
    reference: Attributed<string> | null;
    repository: Attributed<string> | null;
    privileged: Attributed<boolean> | null;
    /** Separated by blanks. */
    overrides: Attributed<string> | null;
    startedAtMs: Attributed<number> | null;
    endedAtMs: Attributed<number> | null;
  };
  /** Sorted. Probable config digests are also in `bare`. */
  digests: Digest[];
  bare: Digest[];
  /**
   * Cached answer, valid while none of its inputs changed. In a WeakMap it would burden the garbage
   * collector, with a hundred thousand containers.
   */
  answer: ContainerAnswer | null;
}

/** Answer with the inputs of its computation. */
interface ContainerAnswer {
  view: ContainerView;
  pod: PodRecord | undefined;
  revision: number;
}

/** Merged claims about a pod. */
export interface PodRecord {
  key: string;
  lastSeenMs: number;
  fields: {
    uid: Attributed<string> | null;
    node: Attributed<string> | null;
    serviceAccount: Attributed<string> | null;
    /** `Kind/name` */
    workload: Attributed<string> | null;
    labels: Attributed<string> | null;
    privileged: Attributed<boolean> | null;
    endedAtMs: Attributed<number> | null;
  };
  probes: string[];
  /** Ids of containers that were claimed to belong to it. */
  containers: string[];
}

/** Limits on each record: more would be an attack or a mistake. */
const maxDigests = 8;
const maxProbes = 32;
const maxContainersOfPod = 256;

export function recordOfContainer(
  claim: ContainerClaim,
  pod: string | null,
  by: Authority,
  { atMs, seenMs = atMs }: Pick<Claims, 'atMs' | 'seenMs'>,
): ContainerRecord {
  const tagged = claim.images.find(({ repository, tag }) => repository !== null && tag !== null);
  const repository = claim.images.find((image) => image.repository !== null)?.repository ?? null;
  const digests = claim.images.flatMap(({ digest }) => (digest === null ? [] : [digest]));
  const named = claim.images.flatMap((image) =>
    image.digest !== null && image.repository !== null ? [image.digest] : [],
  );
  return {
    id: claim.id,
    firstSeenMs: Math.min(atMs, claim.startedAtMs ?? atMs),
    lastSeenMs: Math.max(atMs, claim.endedAtMs ?? seenMs),
    fields: {
      pod: attribute(pod, by, atMs),
      cluster: attributeAgain('container.cluster', claim.cluster, by, atMs),
      node: attributeAgain('container.node', claim.node, by, atMs),
      name: attributeAgain('container.name', claim.name, by, atMs),
      kind: attribute(claim.kind, by, atMs),
      reference: attributeAgain('container.reference', tagged ? `${tagged.repository}\n${tagged.tag}` : null, by, atMs),
      repository: attributeAgain('container.repository', repository, by, atMs),
      privileged: attributeAgain('container.privileged', claim.privileged, by, atMs),
      overrides: attribute(claim.overrides && claim.overrides.join(' '), by, atMs),
      startedAtMs: attributeAgain('container.startedAtMs', claim.startedAtMs, by, atMs),
      endedAtMs: attribute(claim.endedAtMs, by, atMs),
    },
    digests: someOf(digests, maxDigests),
    bare: someOf(
      digests.filter((digest) => !named.includes(digest)),
      maxDigests,
    ),
    answer: null,
  };
}

export function mergedContainers(a: ContainerRecord, b: ContainerRecord): ContainerRecord {
  const digests = union(a.digests, b.digests, maxDigests);
  const named = new Set([...without(a.digests, a.bare), ...without(b.digests, b.bare)]);
  return {
    id: a.id.length >= b.id.length ? a.id : b.id,
    firstSeenMs: Math.min(a.firstSeenMs, b.firstSeenMs),
    lastSeenMs: Math.max(a.lastSeenMs, b.lastSeenMs),
    fields: mergeAllByAuthority(a.fields, b.fields),
    digests,
    bare: digests.filter((digest) => !named.has(digest)),
    answer: null,
  };
}

export function recordOfPod(key: string, claim: PodClaim, by: Authority, atMs: number): PodRecord {
  const workload = claim.workload && `${claim.workload.kind}/${claim.workload.name}`;
  return {
    key,
    lastSeenMs: atMs,
    fields: {
      uid: attribute(claim.uid, by, atMs),
      node: attributeAgain('pod.node', claim.node, by, atMs),
      serviceAccount: attributeAgain('pod.serviceAccount', claim.serviceAccount, by, atMs),
      workload: attributeAgain('pod.workload', workload, by, atMs),
      labels: attribute(claim.labels && JSON.stringify(sortedByKey(claim.labels)), by, atMs),
      privileged: attributeAgain('pod.privileged', claim.privileged, by, atMs),
      endedAtMs: attribute(claim.endedAtMs, by, atMs),
    },
    probes: someOf(claim.probes, maxProbes),
    containers: [],
  };
}

export function mergedPods(a: PodRecord, b: PodRecord): PodRecord {
  return {
    key: a.key,
    lastSeenMs: Math.max(a.lastSeenMs, b.lastSeenMs),
    fields: mergeAllByAuthority(a.fields, b.fields),
    probes: union(a.probes, b.probes, maxProbes),
    containers: union(a.containers, b.containers, maxContainersOfPod),
  };
}

/** Adds a container that was claimed to belong to a pod: {@link mergedPods} with nothing else. */
export function withContainer(pod: PodRecord, id: string, atMs: number): PodRecord {
  const containers = union(pod.containers, [id], maxContainersOfPod);
  return { ...pod, lastSeenMs: Math.max(pod.lastSeenMs, atMs), containers };
}

/**
 * Merges the claims about the pods of a workload, without their containers: a thousand pods have
 * thousands, and each merge would sort them.
 */
export function mergedOfWorkload(pods: readonly PodRecord[]): Pick<PodRecord, 'fields' | 'probes'> {
  return pods
    .map(({ fields, probes }) => ({ fields, probes }))
    .reduce((all, pod) => ({
      fields: mergeAllByAuthority(all.fields, pod.fields),
      probes: union(all.probes, pod.probes, maxProbes),
    }));
}

/** Whether a merge changed only the time when it was last seen. */
export function isSameButSeen<Merged extends ContainerRecord | PodRecord>(before: Merged, after: Merged): boolean {
  const fields = Object.keys(before.fields) as (keyof Merged['fields'])[];
  const [old, now] = [
    before.fields as Record<string, Attributed<unknown> | null>,
    after.fields as Record<string, Attributed<unknown> | null>,
  ];
  const lists = ['digests', 'probes', 'containers'] as const;
  return (
    fields.every((key) => old[String(key)]?.value === now[String(key)]?.value) &&
    lists.every((list) => lengthOf(before, list) === lengthOf(after, list))
  );
}

function lengthOf(record: object, list: string): number {
  return ((record as Record<string, readonly string[] | undefined>)[list] ?? []).length;
}

/** Picks the same few texts for any order of arrival. */
function someOf(texts: readonly string[], max: number): string[] {
  return texts.length <= 1 ? [...texts] : [...new Set(texts)].toSorted().slice(0, max);
}

function union(a: string[], b: string[], max: number): string[] {
  if (b.length === 0 || (a.length === b.length && a.every((text, index) => text === b[index]))) return a;
  return a.length === 0 ? b : someOf([...a, ...b], max);
}

function without(all: readonly Digest[], some: readonly Digest[]): Digest[] {
  return all.filter((digest) => !some.includes(digest));
}

function sortedByKey(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
