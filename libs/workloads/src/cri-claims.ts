import { isDigest, type JsonObject } from '@tidewaiter/domain';

import { type Claims, containerIdOf, noClaims } from './claims.js';
import { readImageName } from './image-id.js';
import { listAt, objectAt, textAt } from './json.js';

/**
 * Parses the claims of a node's container runtime: containers and images as `crictl … -o json`
 * lists them, whole lists or one entry, and containerd's events.
 */
export function claimsOfRuntime(
  event: JsonObject,
  { atMs, cluster, node }: { atMs: number; cluster: string | null; node: string | null },
): Claims {
  const claims = noClaims('runtime', atMs);
  const containers = [event, objectAt(event, 'container'), ...listAt(event, 'containers')];
  for (const container of containers) addContainer(claims, container, cluster, node);
  for (const image of [event, objectAt(event, 'image'), ...listAt(event, 'images')]) addImage(claims, image, cluster);
  addEvent(claims, event, cluster, node);
  return claims;
}

function addContainer(claims: Claims, container: JsonObject, cluster: string | null, node: string | null): void {
  const id = containerIdOf(textAt(container, 'id'));
  const labels = objectAt(container, 'labels');
  const [namespace, pod] = [textAt(labels, 'io.kubernetes.pod.namespace'), textAt(labels, 'io.kubernetes.pod.name')];
  if (id === null || namespace === null || pod === null) return;
  const image = objectAt(container, 'image');
  const names = [textAt(container, 'imageRef'), textAt(container, 'imageId'), textAt(image, 'image')];
  const asked = textAt(image, 'userSpecifiedImage');
  claims.containers.push({
    id,
    pod: { cluster, namespace, name: pod },
    cluster,
    node,
    name: textAt(objectAt(container, 'metadata'), 'name') ?? textAt(labels, 'io.kubernetes.container.name'),
    kind: null,
    images: [...names, asked].map(readImageName).filter((name) => name !== null),
    privileged: null,
    overrides: null,
    startedAtMs: fromNanoseconds(textAt(container, 'startedAt') ?? textAt(container, 'createdAt')),
    endedAtMs: fromNanoseconds(textAt(container, 'finishedAt')),
  });
  const uid = textAt(labels, 'io.kubernetes.pod.uid');
  const place = { cluster, namespace, name: pod, uid, node };
  const unknownFields = {
    serviceAccount: null,
    workload: null,
    labels: null,
    privileged: null,
    probes: [],
    endedAtMs: null,
  };
  claims.pods.push({ ...place, ...unknownFields });
}

function addImage(claims: Claims, image: JsonObject, cluster: string | null): void {
  const configDigest = textAt(image, 'id');
  const names = Array.isArray(image.repoDigests) ? image.repoDigests.slice(0, 16) : [];
  const digests = names
    .map((name) => (typeof name === 'string' ? readImageName(name)?.digest : null))
    .filter((digest) => isDigest(digest));
  if (isDigest(configDigest) && digests.length > 0) claims.images.push({ cluster, configDigest, digests });
}

/**
 * Parses events of containerd: containers with the name of their image, and the start and end of
 * their processes.
 */
function addEvent(claims: Claims, { topic, event }: JsonObject, cluster: string | null, node: string | null): void {
  if (typeof topic !== 'string') return;
  const about = objectAt(event);
  const id = containerIdOf(textAt(about, 'container_id') ?? textAt(about, 'id'));
  // A process started beside the first one (exec) has an id of its own, and ends before the
  // container does.
  const isFirst =
    textAt(about, 'id') === null || topic.startsWith('/containers/') || containerIdOf(textAt(about, 'id')) === id;
  if (id === null || !isFirst) return;
  const image = topic === '/containers/create' ? readImageName(textAt(about, 'image')) : null;
  claims.containers.push({
    ...{ id, pod: null, cluster, node, name: null, kind: null, privileged: null, overrides: null },
    images: image ? [image] : [],
    startedAtMs: topic === '/tasks/start' ? claims.atMs : null,
    endedAtMs: topic === '/tasks/exit' || topic === '/containers/delete' ? claims.atMs : null,
  });
}

function fromNanoseconds(text: string | null): number | null {
  if (text === null) return null;
  const timeMs = /^\d{16,19}$/.test(text) ? Number(text) / 1e6 : Date.parse(text);
  return Number.isNaN(timeMs) || timeMs <= 0 ? null : Math.floor(timeMs);
}
