import { completed } from '@tidewaiter/collections';
import { type JsonObject, type Observation, type RuntimeRecord, unknownContainer } from '@tidewaiter/domain';

import { readImageName } from '../image-names.js';
import { isObject, list, object, text, texts } from '../json.js';
import { observationOf } from '../observation.js';
import { hashOf, type Reason, recordSteps, type DocumentEvent } from '../read-records.js';
import type { Sensor } from '../sensor.js';
import { readTime, timeOfNanos } from '../times.js';

/**
 * Containers and images of a node's container runtime: `crictl ps -a -o json`,
 * `crictl images -o json`, and events of containerd, one a line. The shipper may add `node`. Each
 * container and each image is a record of its own.
 * @see https://github.com/kubernetes/cri-api/blob/master/pkg/apis/runtime/v1/api.proto
 */
export const cri: Sensor = {
  source: 'cri',
  aliases: ['containerd', 'crictl'],
  title: 'Container runtime (CRI)',
  about: {
    reads:
      '`crictl ps -a -o json`, `crictl images -o json`, and events of containerd, one a line; a shipper may add `node`.',
    reports: ['container'],
    repetition: 'id and state of a container, id and names of an image, hash over an event',
    ignores: { empty: 'empty list' },
    note: '`imageRef` is the digest of the config. `crictl images` maps it to its manifest.',
  },
  read: (body, connection) => completed(recordSteps(cri, body, connection, readDocument)),
  steps: (body, connection) => recordSteps(cri, body, connection, readDocument),
  observe,
};

function* readDocument(document: JsonObject): Iterable<DocumentEvent | Reason> {
  const node = text(document['node']) ?? text(document['nodeName']);
  if (Array.isArray(document['containers']) || Array.isArray(document['images'])) {
    const containers = list(document['containers']);
    const images = list(document['images']);
    if (containers.length + images.length === 0) yield 'empty';
    for (const container of containers) yield readContainer(container, node);
    for (const image of images) yield readImage(image, node);
    return;
  }
  yield readEvent(document, node);
}

function readContainer(container: unknown, node: string | null): DocumentEvent | Reason {
  if (!isObject(container)) return 'malformed';
  const id = text(container['id']);
  if (id === null) return 'malformed';
  return {
    id: `container/${id}/${text(container['state'])}`,
    at: timeOfNanos(container['createdAt']) ?? readTime(container['createdAt']),
    node,
    event: { container },
  };
}

function readImage(image: unknown, node: string | null): DocumentEvent | Reason {
  if (!isObject(image)) return 'malformed';
  const id = text(image['id']);
  if (id === null) return 'malformed';
  // The same image may get other names, which makes a new record.
  return {
    id: `image/${hashOf(JSON.stringify([id, node, image['repoTags'] ?? null, image['repoDigests'] ?? null]))}`,
    at: null,
    node,
    event: { image },
  };
}

function readEvent(event: JsonObject, node: string | null): DocumentEvent | Reason {
  if (text(event['topic']) === null || !isObject(event['event'])) return 'malformed';
  return { id: null, at: readTime(event['timestamp']), node, event };
}

function observe(record: RuntimeRecord): Observation {
  const { event } = record;
  const observation = observationOf(record, 'container');
  if (isObject(event['container'])) {
    observation.container = observeContainer(event['container']);
    observation.pod = readPod(object(event['container']['labels']));
  } else if (isObject(event['image'])) {
    observation.container = observeImage(event['image']);
  } else {
    observation.container = observeEvent(object(event['event']), text(event['topic']) ?? '');
  }
  return observation;
}

/** `imageRef` is the digest of the config, the name is the one in the pod's specification. */
function observeContainer(container: JsonObject): Observation['container'] {
  const image = object(container['image']);
  const ref = readImageName(text(container['imageRef']) ?? text(container['imageId']) ?? text(image['image']));
  const asked = readImageName(text(image['userSpecifiedImage']) ?? text(image['image']));
  return {
    id: text(container['id']),
    name: text(object(container['metadata'])['name']),
    imageRepository: asked.repository ?? ref.repository,
    imageTag: asked.tag,
    imageDigest: ref.digest ?? asked.digest,
    startedAt: timeOfNanos(container['createdAt']),
  };
}

function readPod(labels: JsonObject): Observation['pod'] {
  const namespace = text(labels['io.kubernetes.pod.namespace']);
  const name = text(labels['io.kubernetes.pod.name']);
  if (namespace === null && name === null) return null;
  const uid = text(labels['io.kubernetes.pod.uid']);
  return { namespace, name, uid, workloadKind: null, workload: null, serviceAccount: null };
}

/** The first of its names; all names, and the digest of its config, are in the native fields. */
function observeImage(image: JsonObject): Observation['container'] {
  const digested = readImageName(texts(image['repoDigests'])[0] ?? null);
  const tagged = readImageName(texts(image['repoTags'])[0] ?? null);
  return {
    ...unknownContainer(),
    imageRepository: digested.repository ?? tagged.repository,
    imageTag: tagged.tag,
    imageDigest: digested.digest,
  };
}

function observeEvent(event: JsonObject, topic: string): Observation['container'] {
  const id = text(event['container_id']) ?? (topic.startsWith('/containers/') ? text(event['id']) : null);
  const image = readImageName(text(event['image']) ?? (topic.startsWith('/images/') ? text(event['name']) : null));
  if (id === null && image.repository === null) return null;
  return {
    ...unknownContainer(),
    id,
    imageRepository: image.repository,
    imageTag: image.tag,
    imageDigest: image.digest,
  };
}
