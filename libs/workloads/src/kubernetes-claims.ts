import type { JsonObject } from '@tidewaiter/domain';

import type { Authority } from './attributed.js';
import {
  type Claims,
  type ContainerClaim,
  containerIdOf,
  type ContainerKind,
  noClaims,
  type Override,
  overrides,
  type PodName,
} from './claims.js';
import { type ContainerImageName, readImageName } from './image-id.js';
import { isObject, labelsAt, listAt, objectAt, textAt, timeAt } from './json.js';
import { workloadOfPod } from './owner.js';

/** Source of a Kubernetes object, its time, and whether the object was deleted. */
export interface ObjectSource {
  by: Authority;
  atMs: number;
  cluster: string | null;
  isGone: boolean;
}

/** Namespace label with the owner of its workloads. */
export const ownerLabel = 'tidewaiter.dev/owner';

/** Parses the claims about running containers from a Kubernetes object in the form of the API. */
export function claimsOfObject(object: JsonObject, source: ObjectSource): Claims {
  const claims = noClaims(source.by, source.atMs);
  const metadata = objectAt(object, 'metadata');
  const [name, namespace] = [textAt(metadata, 'name'), textAt(metadata, 'namespace')];
  if (name === null) return claims;
  const { cluster } = source;
  switch (textAt(object, 'kind') ?? '') {
    case 'Pod':
      if (namespace !== null) addPod(claims, object, { cluster, namespace, name }, source);
      break;
    case 'Namespace':
      claims.namespaces.push({ cluster, namespace: name, labels: labelsOfNamespace(metadata) });
      break;
    case 'Node':
      addNode(claims, object, cluster, name);
      break;
    case 'Service':
      if (namespace !== null) addService(claims, object, { cluster, namespace, name }, source);
      break;
    case 'Ingress':
      if (namespace !== null) addIngress(claims, object, { cluster, namespace }, source);
      break;
  }
  return claims;
}

/** The owner may also be in an annotation, which allows longer names and spaces. */
function labelsOfNamespace(metadata: JsonObject): Record<string, string> {
  const owner = textAt(objectAt(metadata, 'annotations'), ownerLabel);
  return { ...(owner !== null && { [ownerLabel]: owner }), ...labelsAt(metadata, 'labels') };
}

function addPod(claims: Claims, pod: JsonObject, place: PodName, { atMs, isGone }: ObjectSource): void {
  const [metadata, spec, status] = [objectAt(pod, 'metadata'), objectAt(pod, 'spec'), objectAt(pod, 'status')];
  const node = textAt(spec, 'nodeName');
  const specs = new Map(containerSpecs(spec).map((each) => [each.name, each]));
  claims.pods.push({
    ...place,
    uid: textAt(metadata, 'uid'),
    node,
    serviceAccount: textAt(spec, 'serviceAccountName') ?? textAt(spec, 'serviceAccount'),
    addresses: addressesOf(status),
    // A response without the pod itself, such as the one to a deletion, has no information on its
    // owners.
    workload: isObject(pod.spec) ? workloadOfPod({ metadata }) : null,
    labels: isObject(pod.spec) ? labelsAt(metadata, 'labels') : null,
    privileged: specs.size === 0 ? null : [...specs.values()].some(({ isPrivileged }) => isPrivileged),
    probes: [...specs.values()].flatMap(({ probes }) => probes).slice(0, maxProbes),
    endedAtMs: isGone || status.phase === 'Succeeded' || status.phase === 'Failed' ? atMs : null,
  });
  for (const list of statusLists) {
    for (const container of listAt(status, list)) {
      const about = specs.get(textAt(container, 'name'));
      claims.containers.push(
        ...containerClaims(container, { pod: place, node, about, endedAtMs: isGone ? atMs : null }),
      );
    }
  }
  const architecture = textAt(objectAt(spec, 'nodeSelector'), 'kubernetes.io/arch');
  if (node !== null && architecture !== null) {
    claims.nodes.push({ cluster: place.cluster, node, platform: `linux/${architecture}` });
  }
}

/** Addresses of a pod's own: on the network of the node it has those of the node. */
function addressesOf(status: JsonObject): string[] {
  const all = [status, ...listAt(status, 'podIPs')].map((each) => textAt(each, 'podIP') ?? textAt(each, 'ip'));
  const ofNode = [status, ...listAt(status, 'hostIPs')].map((each) => textAt(each, 'hostIP') ?? textAt(each, 'ip'));
  return [...new Set(all)].filter((address) => address !== null && !ofNode.includes(address)) as string[];
}

const maxProbes = 32;
const statusLists = ['initContainerStatuses', 'containerStatuses', 'ephemeralContainerStatuses'];

interface ContainerSpec {
  name: string | null;
  kind: ContainerKind;
  image: ContainerImageName | null;
  isPrivileged: boolean;
  overrides: Override[];
  probes: string[];
}

function containerSpecs(spec: JsonObject): ContainerSpec[] {
  const ofList = (list: string, kindOf: (container: JsonObject) => ContainerKind) =>
    listAt(spec, list).map((container) => ({
      name: textAt(container, 'name'),
      kind: kindOf(container),
      image: readImageName(textAt(container, 'image')),
      isPrivileged: objectAt(container, 'securityContext').privileged === true,
      overrides: overrides.filter((each) => Array.isArray(container[each]) && container[each].length > 0),
      probes: probesOf(container),
    }));
  return [
    ...ofList('initContainers', ({ restartPolicy }) => (restartPolicy === 'Always' ? 'sidecar' : 'init')),
    ...ofList('containers', () => 'app'),
    ...ofList('ephemeralContainers', () => 'ephemeral'),
  ];
}

function probesOf(container: JsonObject): string[] {
  const places = [
    ...['livenessProbe', 'readinessProbe', 'startupProbe'].map((probe) => objectAt(container, probe, 'exec')),
    ...['postStart', 'preStop'].map((hook) => objectAt(container, 'lifecycle', hook, 'exec')),
  ];
  return places.flatMap(({ command }) =>
    Array.isArray(command) && command.length > 0
      ? [
          command
            .filter((part) => typeof part === 'string')
            .join(' ')
            .slice(0, 4096),
        ]
      : [],
  );
}

/** Claims about the running container, and about the terminated one that it replaced. */
function containerClaims(
  status: JsonObject,
  place: { pod: PodName; node: string | null; about: ContainerSpec | undefined; endedAtMs: number | null },
): ContainerClaim[] {
  const { pod, node, about } = place;
  const name = textAt(status, 'name');
  const same = {
    pod,
    cluster: pod.cluster,
    node,
    name,
    kind: about?.kind ?? null,
    privileged: about?.isPrivileged ?? null,
    overrides: about?.overrides ?? null,
  };
  const [running, over] = [objectAt(status, 'state', 'running'), objectAt(status, 'state', 'terminated')];
  const before = objectAt(status, 'lastState', 'terminated');
  const id = containerIdOf(textAt(status, 'containerID') ?? textAt(over, 'containerID'));
  const earlier = containerIdOf(textAt(before, 'containerID'));
  const claims: ContainerClaim[] = [];
  if (id !== null) {
    const startedAtMs = timeAt(running, 'startedAt') ?? timeAt(over, 'startedAt');
    const images = [textAt(status, 'imageID'), textAt(status, 'image')].map(readImageName).concat(about?.image ?? null);
    const endedAtMs = timeAt(over, 'finishedAt') ?? place.endedAtMs;
    claims.push({ ...same, id, images: images.filter((image) => image !== null), startedAtMs, endedAtMs });
  }
  if (earlier !== null && earlier !== id) {
    const [startedAtMs, endedAtMs] = [timeAt(before, 'startedAt'), timeAt(before, 'finishedAt')];
    claims.push({ ...same, id: earlier, images: about?.image ? [about.image] : [], startedAtMs, endedAtMs });
  }
  return claims;
}

function addNode(claims: Claims, object: JsonObject, cluster: string | null, node: string): void {
  const info = objectAt(object, 'status', 'nodeInfo');
  const [system, architecture] = [textAt(info, 'operatingSystem') ?? 'linux', textAt(info, 'architecture')];
  if (architecture !== null) claims.nodes.push({ cluster, node, platform: `${system}/${architecture}` });
}

function addService(claims: Claims, object: JsonObject, place: PodName, { isGone }: ObjectSource): void {
  const spec = objectAt(object, 'spec');
  const exposed = spec.type === 'LoadBalancer' || spec.type === 'NodePort' || hasOutsideAddress(spec);
  // The endpoints of a service without a selector are set by another party.
  claims.services.push({
    ...place,
    exposed,
    selector: isObject(spec.selector) ? labelsAt(spec, 'selector') : null,
    isGone,
  });
}

function hasOutsideAddress({ externalIPs }: JsonObject): boolean {
  return Array.isArray(externalIPs) && externalIPs.length > 0;
}

/** An ingress exposes the services behind it. */
function addIngress(
  claims: Claims,
  object: JsonObject,
  place: { cluster: string | null; namespace: string },
  { isGone }: ObjectSource,
): void {
  if (isGone) return;
  const spec = objectAt(object, 'spec');
  const backends = listAt(spec, 'rules')
    .flatMap((rule) => listAt(objectAt(rule, 'http'), 'paths'))
    .map((path) => objectAt(path, 'backend', 'service'));
  for (const service of [objectAt(spec, 'defaultBackend', 'service'), ...backends]) {
    const name = textAt(service, 'name');
    if (name !== null) claims.services.push({ ...place, name, exposed: true, selector: null, isGone: false });
  }
}
