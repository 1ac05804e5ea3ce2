import type { Observation } from '@tidewaiter/domain';
import { type FactContext, factField } from '@tidewaiter/facts';

import type { AlertContext } from '../alerts/alert.js';
import { containerKey } from '../events/container-key.js';
import type { EventInputs } from '../events/event-inputs.js';
import { issuedKey } from '../events/issued-keys.js';
import { processKey, type ProcessTree, type TreeProcess } from '../events/process-tree.js';
import { campaignKeys, hostileFindings } from './campaign-joins.js';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/**
 * Maximum time between two alerts that are joined by a shared key, by kind of key. The values come
 * from research on real attack chains: a token is used within minutes of its theft, a leaked key
 * days later, a bad build weeks later.
 */
export const joinTtlMs: Readonly<Record<string, number>> = {
  exec: 7 * day,
  container: 7 * day,
  pod: 7 * day,
  workload: 30 * minute,
  /** Owner guessed from the name of a pod. */
  owner: 10 * minute,
  identity: 30 * minute,
  /** Service account whose token was stolen: the token works until its pod is deleted. */
  token: 7 * day,
  'token-used': 7 * day,
  /** Namespace whose secrets were read, and whose service accounts act from elsewhere then. */
  accounts: day,
  'account-used': day,
  /** Object that a request created, and the pods that it owns. */
  created: day,
  owned: day,
  /** Account of a registry. */
  actor: 10 * minute,
  source: 30 * minute,
  key: 7 * day,
  /** Name of a cloud role: the credentials that it issues last for hours. */
  role: day / 2,
  /** Cloud credentials that were requested, or used from outside. */
  cloud: 30 * minute,
  /** Node of an escape, and host processes there. */
  node: 5 * minute,
  'on-node': 5 * minute,
  /** Node with a planted schedule, and what a scheduler starts there. */
  schedule: day,
  scheduled: day,
  /** Digest of a suspect push: its payload may lie dormant for weeks. */
  release: 60 * day,
  /** Run of a pipeline, and the images that it built. */
  build: 60 * day,
  built: 60 * day,
  hash: day,
  hostname: day,
  pool: day,
  destination: day,
  dropper: day,
  url: day,
  program: day,
  subject: 7 * day,
};

/**
 * Kinds of keys that join causes with their effects, but not two causes or two effects: two images
 * of one build have nothing in common unless the build was tampered with.
 */
const effectOfCause: Readonly<Record<string, string>> = {
  token: 'token-used',
  accounts: 'account-used',
  created: 'owned',
  node: 'on-node',
  schedule: 'scheduled',
  build: 'built',
};
const causeOfEffect = Object.fromEntries(Object.entries(effectOfCause).map(([cause, effect]) => [effect, cause]));

/** Returns the key of the other side, for a key of a cause or an effect; null for other keys. */
export function counterpartOf(key: string): string | null {
  const kind = kindOfKey(key);
  const other = effectOfCause[kind] ?? causeOfEffect[kind];
  return other === undefined ? null : `${other}${key.slice(kind.length)}`;
}

/** Maximum time between a core alert and one of weight `context` in the same cluster. */
export const contextTtlMs: Readonly<Record<string, number>> = {
  ...joinTtlMs,
  exec: day,
  container: day,
  pod: day,
  key: day,
};

/** Kind of a key, which determines how long it joins. */
export function kindOfKey(key: string): string {
  return key.slice(0, key.indexOf(':'));
}

/**
 * Returns the join keys of an observation: `keys` always join, `extraKeys` only where a rule asks
 * for them.
 */
export function joinKeys(
  seen: EventInputs,
  place: AlertContext,
): { keys: string[]; extraKeys: Record<string, string[]> } {
  const { observation, process, tree, facts } = seen;
  const { cluster, pod } = observation;
  const container = containerKey(observation) ?? originOnHost(seen);
  const keys = [
    container && `container:${container}`,
    pod?.uid ? `pod:${cluster ?? ''}/${pod.uid}` : null,
    ...podKeys(observation),
    ...ownerKeys(observation, place),
    place.workload && `workload:${cluster ?? ''}/${place.workload}`,
    serviceAccountKey(observation, facts),
    ...execKeys(process, tree),
    ...requestKeys(seen),
  ];
  return {
    keys: [...new Set(keys.filter((key) => key !== null))].toSorted(),
    extraKeys: extraKeysOf(seen, place),
  };
}

/**
 * Folders in which container runtimes keep the files of containers; the capture is the path inside
 * the container.
 */
const layerPaths = [
  /\/snapshots\/\d+\/(?:fs|work)(\/.+)$/,
  /\/(?:overlay2|overlay|aufs|vfs\/dir)\/[^/]+\/(?:diff|merged)(\/.+)$/,
  /^\/run\/containerd\/io\.containerd\.runtime\.v2\.task\/[^/]+\/[0-9a-f]{12,64}\/rootfs(\/.+)$/,
];

/**
 * Returns the container that wrote what a host process runs: a program in a container's layers, or
 * a file that was written to the node through a mount.
 */
function originOnHost({ observation, writers }: EventInputs): string | null {
  const { process } = observation;
  if (!process?.executable) return null;
  const inLayer = layerPaths
    .map((pattern) => pattern.exec(process.executable!)?.[1])
    .find((found) => found !== undefined);
  if (inLayer !== undefined) return writers.containerOf(observation, inLayer);
  const named = process.commandLine?.match(/\/[\w@+,.:/-]{3,256}/g)?.slice(0, maxNamedPaths) ?? [];
  for (const path of [process.executable, ...named]) {
    const container = writers.placedOnHost(observation, path);
    if (container !== null) return container;
  }
  return null;
}

/** Limit on the paths of a command line that are looked up. */
const maxNamedPaths = 8;

/** Keys of the pod's name and of the owners derived from it: a deleted pod has no other keys. */
function podKeys({ cluster, pod }: Observation): string[] {
  if (!pod?.namespace || !pod.name) return [];
  const within = `${cluster ?? ''}/${pod.namespace}`;
  return [`pod:${within}/${pod.name}`, ...podOwners(pod.name).map((owner) => `owner:${within}/${owner}`)];
}

/**
 * Keys that join a request that creates an object with the pods that the object owns: workflows,
 * pipelines and other kinds create pods, too.
 */
function ownerKeys({ cluster, pod, request }: Observation, { workload }: AlertContext): string[] {
  if (request !== null) {
    const { verb, resource, namespace, name } = request;
    const isMade = verb === 'create' && resource !== null && resource !== 'pods' && !resource.includes('/');
    return isMade && namespace && name ? [`created:${cluster ?? ''}/${namespace}/${name}`] : [];
  }
  if (!pod?.namespace) return [];
  const names = [pod.name, workload?.split('/').at(-1), ...(pod.name ? podOwners(pod.name) : [])];
  return names.flatMap((name) => keysOf('owned', name && `${cluster ?? ''}/${pod.namespace}/${name}`));
}

/**
 * Owners derived from a pod's name: `payment-6c9-abcde` belongs to `payment-6c9`, which belongs to
 * `payment`.
 */
function podOwners(pod: string): string[] {
  const maker = /^(.+)-[a-z0-9]{5}$/.exec(pod)?.[1];
  if (maker === undefined) return [];
  const deployment = /^(.+)-(?=[a-z]*\d)[a-z0-9]{3,10}$/.exec(maker)?.[1];
  return deployment === undefined ? [maker] : [maker, deployment];
}

/**
 * Key of the service account whose token the pod has: calls with that token belong to the pod's
 * cluster. Not for `default`, which all pods may share.
 */
function serviceAccountKey(observation: Observation, facts: FactContext): string | null {
  const account = observation.request === null ? accountOfPod(observation, facts) : null;
  if (account === null || account.endsWith(':default')) return null;
  return `identity:${observation.cluster ?? ''}/${account}`;
}

/** Returns the service account of a pod as the API server names it. */
function accountOfPod(observation: Observation, facts: FactContext): string | null {
  const { pod } = observation;
  const workload = facts.workloadOf(observation);
  const account = pod?.serviceAccount ?? (workload && facts.workload(workload)?.serviceAccount);
  const namespace = pod?.namespace ?? workload?.namespace;
  return account && namespace ? `system:serviceaccount:${namespace}:${account}` : null;
}

/**
 * Keys of the process and its ancestors. In a container, only the process itself, since the
 * container has a key of its own; on the host, where everything descends from the first process,
 * only the nearest ancestors, never the root of all.
 */
function execKeys(process: TreeProcess | null, tree: ProcessTree): string[] {
  if (process === null) return [];
  if (process.container !== null) return [`exec:${processKey(process)}`];
  const ancestors = tree.ancestors(process).filter(({ parent, startedMs }) => parent !== null || startedMs !== null);
  return [process, ...ancestors.slice(0, 4)].map((each) => `exec:${processKey(each)}`);
}

function requestKeys({ observation, issuedKeys, facts }: EventInputs): (string | null)[] {
  const { cluster, request } = observation;
  if (request === null) return [];
  const isEvidence = request.user !== null && !isShared(request.user, observation, facts);
  const issued = issuedKey(observation);
  return [
    request.accessKeyId && `key:${request.accessKeyId}`,
    issued === undefined ? null : `key:${issued}`,
    ...(request.accessKeyId ? issuedKeys.issuersOf(request.accessKeyId) : []).map((issuer) => `key:${issuer}`),
    isEvidence ? `identity:${cluster ?? ''}/${request.user}` : null,
  ];
}

/**
 * Whether an identity acts for many users, as controllers and nodes do: a shared identity is no
 * evidence. A tool that uses the token of one acts for who stole it.
 */
function isShared(user: string, observation: Observation, facts: FactContext): boolean {
  if (!/^system:(?:node:|kube-|apiserver|serviceaccount:kube-system:)/.test(user)) return false;
  return factField('Identity.Platform', observation, facts) !== false;
}

function extraKeysOf(inputs: EventInputs, { imageDigest }: AlertContext): Record<string, string[]> {
  const { observation, facts } = inputs;
  const { cluster, node, request, network, process } = observation;
  const within = cluster ?? '';
  const source = request?.sourceIps[0];
  const hostname = network?.hostname?.toLowerCase();
  const sha256 = process?.sha256 ?? imageFileHash(process?.executable, imageDigest, facts);
  const role = roleIn(request?.user) ?? roleIn(process?.commandLine);
  return {
    node: keysOf('node', node && `${within}/${node}`),
    'on-node': keysOf('on-node', node && `${within}/${node}`),
    schedule: keysOf('schedule', node && `${within}/${node}`),
    scheduled: keysOf('scheduled', node && `${within}/${node}`),
    identity: keysOf('identity', request?.user && `${within}/${request.user}`),
    source: keysOf('source', source),
    destination: keysOf('destination', network?.destinationIp),
    hostname: keysOf('hostname', hostname),
    hash: keysOf('hash', sha256),
    release: keysOf('release', imageDigest),
    build: buildKeys(observation),
    built: keysOf('built', imageDigest === null ? null : facts.facts.image(imageDigest)?.buildId),
    role: keysOf('role', role),
    cloud: keysOf('cloud', within),
    ...accountKeys(observation, facts),
    ...campaignKeys(observation),
  };
}

/**
 * Keys of service accounts: `token` is the account of the pod, or the one that calls. With the
 * secrets of a namespace, an attacker has the tokens of its accounts.
 */
function accountKeys(observation: Observation, facts: FactContext): Record<string, string[]> {
  const { cluster, request } = observation;
  const within = cluster ?? '';
  const caller = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(request?.user ?? '');
  const account = request === null ? accountOfPod(observation, facts) : (caller?.[0] ?? null);
  return {
    token: keysOf('token', account && `${within}/${account}`),
    'token-used': keysOf('token-used', caller && `${within}/${caller[0]}`),
    accounts: keysOf('accounts', request?.resource === 'secrets' ? `${within}/${request.namespace ?? '*'}` : null),
    'account-used': caller === null ? [] : [`account-used:${within}/${caller[1]}`, `account-used:${within}/*`],
  };
}

/** Keys of a pod as a run of a pipeline: its own name and its Job's. */
function buildKeys({ pod }: Observation): string[] {
  return pod?.name ? [pod.name, podOwners(pod.name)[0]].flatMap((id) => keysOf('build', id)) : [];
}

function keysOf(kind: string, name: string | null | undefined): string[] {
  return name ? [`${kind}:${name}`] : [];
}

/**
 * Returns the scanner's hash of a program with a hostile finding, since few sensors hash. Files
 * that are in all images must not join anything.
 */
function imageFileHash(
  path: string | null | undefined,
  imageDigest: AlertContext['imageDigest'],
  { facts }: FactContext,
): string | null {
  const image = imageDigest === null ? null : facts.image(imageDigest);
  if (!path || !image || !hostileFindings.has(image.flagged.get(path)?.id ?? '')) return null;
  return image.files.get(path)?.sha256 ?? null;
}

/** Returns the cloud role that signed a call, or whose credentials a command fetches. */
function roleIn(text: string | null | undefined): string | undefined {
  return /(?::assumed-role\/|\/security-credentials\/)([\w+=,.@-]{1,64})/.exec(text ?? '')?.[1];
}
