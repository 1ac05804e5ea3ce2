import type { Observation } from '@tidewaiter/domain';
import type { FactContext } from '@tidewaiter/facts';

import type { AlertContext } from './alert.js';
import { campaignKeys, hostileFindings } from './campaign-joins.js';
import { containerKey } from './container-key.js';
import type { Seen } from './event-view.js';
import { processKey, type ProcessTree, type TreeProcess } from './process-tree.js';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/**
 * How long two alerts may lie apart and still be joined by what they share. Research on real chains is behind the figures: a token is used
 * within minutes of its theft, a leaked key days later, a bad build weeks later.
 */
export const joinTtlMs: Readonly<Record<string, number>> = {
  exec: 7 * day,
  container: 7 * day,
  pod: 7 * day,
  workload: 30 * minute,
  /** Guessed from the name of a pod. */
  owner: 10 * minute,
  identity: 30 * minute,
  /** An account of a registry. */
  actor: 10 * minute,
  source: 30 * minute,
  key: 7 * day,
  /** Of a cloud, by its name: what it hands out lasts for hours. */
  role: day / 2,
  /** Credentials of the cloud were asked for, or used from outside. */
  cloud: 30 * minute,
  /** Only what escapes and what runs on the host afterwards has it. */
  node: 5 * minute,
  /** A digest that somebody tampered with: what it was built to do may wait for weeks. */
  release: 60 * day,
  hash: day,
  hostname: day,
  pool: day,
  destination: day,
  dropper: day,
  subject: 7 * day,
};

/** How long before or after an alert that counts, one of weight `context` still belongs to the same story. */
export const contextTtlMs: Readonly<Record<string, number>> = {
  ...joinTtlMs,
  exec: day,
  container: day,
  pod: day,
  key: day,
};

/** The kind of thing that a key names: how long it joins. */
export function kindOfKey(key: string): string {
  return key.slice(0, key.indexOf(':'));
}

/** What alerts about an observation are joined to others by: always, and where a rule asks for it. */
export function joinKeys(seen: Seen, place: AlertContext): { keys: string[]; extraKeys: Record<string, string> } {
  const { observation, process, tree, facts } = seen;
  const { cluster, pod } = observation;
  const container = containerKey(observation) ?? layerContainer(seen);
  const keys = [
    container && `container:${container}`,
    pod?.uid ? `pod:${pod.uid}` : null,
    ...podKeys(observation),
    place.workload && `workload:${cluster ?? ''}/${place.workload}`,
    serviceAccountKey(observation, facts),
    ...execKeys(process, tree),
    ...requestKeys(observation),
  ];
  return {
    keys: [...new Set(keys.filter((key) => key !== null))].toSorted(),
    extraKeys: extraKeysOf(seen, place),
  };
}

/** Where container runtimes keep the files of containers, and what a container calls the file. */
const layerPaths = [
  /\/snapshots\/\d+\/(?:fs|work)(\/.+)$/,
  /\/(?:overlay2|overlay|aufs|vfs\/dir)\/[^/]+\/(?:diff|merged)(\/.+)$/,
  /^\/run\/containerd\/io\.containerd\.runtime\.v2\.task\/[^/]+\/[0-9a-f]{12,64}\/rootfs(\/.+)$/,
];

/** A program of the host that lies in the layers of a container: the container that wrote it. */
function layerContainer({ observation, writers }: Seen): string | null {
  const executable = observation.process?.executable;
  if (!executable) return null;
  const path = layerPaths.map((pattern) => pattern.exec(executable)?.[1]).find((found) => found !== undefined);
  return path === undefined ? null : writers.containerOf(observation, path);
}

/** By the name of the pod, and by what made it as far as that name tells: a pod that is gone is known by nothing else. */
function podKeys({ cluster, pod }: Observation): string[] {
  if (!pod?.namespace || !pod.name) return [];
  const within = `${cluster ?? ''}/${pod.namespace}`;
  return [`pod:${within}/${pod.name}`, ...podOwners(pod.name).map((owner) => `owner:${within}/${owner}`)];
}

/** `payment-6c9-abcde` comes from `payment`, by way of `payment-6c9`. */
function podOwners(pod: string): string[] {
  const maker = /^(.+)-[a-z0-9]{5}$/.exec(pod)?.[1];
  if (maker === undefined) return [];
  const deployment = /^(.+)-(?=[a-z]*\d)[a-z0-9]{3,10}$/.exec(maker)?.[1];
  return deployment === undefined ? [maker] : [maker, deployment];
}

/** Whose token the pod has: calls with it belong to the story of the pod. Every pod may have `default`. */
function serviceAccountKey(observation: Observation, facts: FactContext): string | null {
  const { cluster, pod, request } = observation;
  if (request !== null) return null;
  const workload = facts.workloadOf(observation);
  const account = pod?.serviceAccount ?? (workload && facts.workload(workload)?.serviceAccount);
  const namespace = pod?.namespace ?? workload?.namespace;
  if (!account || !namespace || account === 'default') return null;
  return `identity:${cluster ?? ''}/system:serviceaccount:${namespace}:${account}`;
}

/**
 * The process and what it comes from. In a container that is the container itself; on the host, where everything comes from the first process, only
 * the nearest few, and never what starts all others.
 */
function execKeys(process: TreeProcess | null, tree: ProcessTree): string[] {
  if (process === null) return [];
  if (process.container !== null) return [`exec:${processKey(process)}`];
  const ancestors = tree.ancestors(process).filter(({ parent, startedMs }) => parent !== null || startedMs !== null);
  return [process, ...ancestors.slice(0, 4)].map((each) => `exec:${processKey(each)}`);
}

function requestKeys({ cluster, request }: Observation): (string | null)[] {
  if (request === null) return [];
  return [
    request.accessKeyId && `key:${request.accessKeyId}`,
    request.user === null || isShared(request.user) ? null : `identity:${cluster ?? ''}/${request.user}`,
  ];
}

/** Controllers and nodes speak for everyone: that two requests came from one says nothing. */
function isShared(user: string): boolean {
  return /^system:(?:node:|kube-|apiserver|serviceaccount:kube-system:)/.test(user);
}

function extraKeysOf({ observation, facts }: Seen, { imageDigest }: AlertContext): Record<string, string> {
  const { cluster, node, request, network, process } = observation;
  const within = cluster ?? '';
  const source = request?.sourceIps[0];
  const hostname = network?.hostname?.toLowerCase();
  const sha256 = process?.sha256 ?? imageFileHash(process?.executable, imageDigest, facts);
  const role = roleIn(request?.user) ?? roleIn(process?.commandLine);
  return {
    ...(node && { node: `node:${within}/${node}` }),
    ...(request?.user && { identity: `identity:${within}/${request.user}` }),
    ...(source && { source: `source:${source}` }),
    ...(network?.destinationIp && { destination: `destination:${network.destinationIp}` }),
    ...(hostname && { hostname: `hostname:${hostname}` }),
    ...(sha256 && { hash: `hash:${sha256}` }),
    ...(imageDigest && { release: `release:${imageDigest}` }),
    ...campaignKeys(observation),
    ...(role && { role: `role:${role}` }),
    cloud: `cloud:${within}`,
  };
}

/** Few sensors hash; the scanner did where it found something about a program of the image. What all images have joins nothing. */
function imageFileHash(
  path: string | null | undefined,
  imageDigest: AlertContext['imageDigest'],
  { facts }: FactContext,
): string | null {
  const image = imageDigest === null ? null : facts.image(imageDigest);
  if (!path || !image || !hostileFindings.has(image.flagged.get(path)?.id ?? '')) return null;
  return image.files.get(path)?.sha256 ?? null;
}

/** The role of a cloud that signed a call, or whose credentials a command fetches. */
function roleIn(text: string | null | undefined): string | undefined {
  return /(?::assumed-role\/|\/security-credentials\/)([\w+=,.@-]{1,64})/.exec(text ?? '')?.[1];
}
