import { completed } from '@tidewaiter/collections';
import type { JsonObject, JsonValue, Observation, RuntimeRecord } from '@tidewaiter/domain';

import { isObject, list, object, text } from '../json.js';
import { observationOf } from '../observation.js';
import { hashOf, type Reason, recordSteps, type DocumentEvent } from '../read-records.js';
import type { SensorSource, Sensor } from '../sensor.js';
import { latestTimeIn } from './latest-time.js';
import { slimObject } from './slim-object.js';

/**
 * Events of a watch of the Kubernetes API, one a line: mainly pods, with the image of each
 * container; lists and single objects count as added.
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */
export const kubernetesWatch: Sensor = {
  source: 'kubernetes-watch',
  aliases: ['k8s-watch', 'k8s_watch'],
  title: 'Kubernetes watch',
  about: {
    reads: 'Events of a watch, one a line, lists, and single objects; of pods and any other resource.',
    reports: ['container'],
    repetition: 'uid of the object and hash over its state; for a pod also the day',
    ignores: { bookmark: 'sign of life of the watch', error: 'end of the watch', empty: 'empty list' },
    note: 'Values of environment variables, data of Secrets and ConfigMaps, and the authors of field changes are removed. Objects that run pods are checked before the removal: [workload findings](workload-findings.md).',
  },
  read: (body, connection) => completed(recordSteps(kubernetesWatch, body, connection, readDocument)),
  steps: (body, connection) => recordSteps(kubernetesWatch, body, connection, readDocument),
  observe,
};

const changes = new Set(['ADDED', 'MODIFIED', 'DELETED']);

function* readDocument(document: JsonObject, { receivedAt }: SensorSource): Iterable<DocumentEvent | Reason> {
  const { type, object: watched } = document;
  if (isObject(watched) && typeof type === 'string') {
    if (type === 'BOOKMARK') return yield 'bookmark';
    // The watch has ended; its client starts a new one.
    if (type === 'ERROR') return yield 'error';
    return yield changes.has(type) ? readWatched(type, watched, receivedAt) : 'malformed';
  }
  if (Array.isArray(document['items'])) return yield* readList(document, receivedAt);
  yield readWatched('ADDED', document, receivedAt);
}

function* readList(document: JsonObject, receivedAt: string): Iterable<DocumentEvent | Reason> {
  const items = list(document['items']);
  // `PodList` gives the kind once for all of its items.
  const kind = text(document['kind'])?.replace(/List$/, '') ?? '';
  const apiVersion = text(document['apiVersion']) ?? 'v1';
  if (items.length === 0) yield 'empty';
  for (const item of items) {
    const named = isObject(item) && (kind === '' ? item : { kind, apiVersion, ...item });
    yield named ? readWatched('ADDED', named, receivedAt) : 'malformed';
  }
}

function readWatched(type: string, watched: JsonObject, receivedAt: string): DocumentEvent | Reason {
  const metadata = object(watched['metadata']);
  const kind = text(watched['kind']);
  const name = text(metadata['name']);
  if (kind === null || name === null) return 'malformed';
  const kept = slimObject(watched);
  const [at, isGone] = [latestTimeIn(watched), type === 'DELETED'];
  const identity = text(metadata['uid']) ?? `${kind}/${text(metadata['namespace'])}/${name}`;
  const isLivePod = kind === 'Pod' && !isGone;
  // A restarted watch lists the same objects again. One record a day confirms that a pod still
  // runs, however long it stays unchanged.
  const day = isLivePod ? `-${receivedAt.slice(0, 10)}` : '';
  return {
    id: (event) => `${identity}@${hashOf(JSON.stringify(event['object']))}${day}${isGone ? '-deleted' : ''}`,
    at,
    ...(isLivePod && { seenAt: receivedAt }),
    node: text(object(watched['spec'])['nodeName']),
    event: { type, object: kept },
    objects: [{ object: watched, isGone, isStored: true, at: at ?? receivedAt }],
  };
}

function observe(record: RuntimeRecord): Observation {
  const watched = object(record.event['object']);
  const observation = observationOf(record, 'container');
  if (watched['kind'] !== 'Pod') return observation;
  const metadata = object(watched['metadata']);
  const spec = object(watched['spec']);
  const owner = ownerOf(metadata);
  observation.pod = {
    namespace: text(metadata['namespace']),
    name: text(metadata['name']),
    uid: text(metadata['uid']),
    workloadKind: owner?.kind ?? 'Pod',
    workload: owner?.name ?? text(metadata['name']),
    serviceAccount: text(spec['serviceAccountName']),
  };
  return observation;
}

/** Workload of the pod: for a ReplicaSet of a Deployment, the Deployment. */
function ownerOf(metadata: JsonObject): { kind: string; name: string } | null {
  const owners: readonly JsonValue[] = list(metadata['ownerReferences']);
  const owner = owners.filter(isObject).find((each) => each['controller'] === true) ?? owners.find(isObject);
  const kind = text(owner?.['kind']);
  const name = text(owner?.['name']);
  if (kind === null || name === null) return null;
  const hash = text(object(metadata['labels'])['pod-template-hash']);
  const isOfDeployment = kind === 'ReplicaSet' && hash !== null && name.endsWith(`-${hash}`);
  return isOfDeployment ? { kind: 'Deployment', name: name.slice(0, -hash.length - 1) } : { kind, name };
}
