import type { JsonObject } from '@tidewaiter/domain';

import { isObject, list, number, object, text } from '../json.js';
import type { ObjectState } from '../object-evaluation.js';
import { readTime } from '../times.js';

const kinds: ReadonlyMap<string, string> = new Map([
  ['cronjobs', 'CronJob'],
  ['daemonsets', 'DaemonSet'],
  ['deployments', 'Deployment'],
  ['jobs', 'Job'],
  ['pods', 'Pod'],
  ['replicasets', 'ReplicaSet'],
  ['replicationcontrollers', 'ReplicationController'],
  ['statefulsets', 'StatefulSet'],
]);

/**
 * The objects that a request has stored or deleted, of those that run pods. The answer has the
 * whole object (level `RequestResponse`); a request has it when it creates or replaces (level
 * `Request`), but not when it patches.
 */
export function auditedObjects(event: JsonObject, receivedAt: string): ObjectState[] {
  const reference = object(event['objectRef']);
  const kind = kinds.get(text(reference['resource']) ?? '');
  const verb = text(event['verb']) ?? '';
  if (kind === undefined || !isStoredBy(event, verb, text(reference['subresource']))) return [];
  const at = readTime(event['stageTimestamp']) ?? readTime(event['requestReceivedTimestamp']) ?? receivedAt;
  return shownBy(event, verb, kind).map(({ shown, isStored }) => {
    const metadata = object(shown['metadata']);
    const place = { ...metadata, ...placeIn(reference) };
    return {
      object: { ...shown, kind, apiVersion: versionIn(reference), metadata: place },
      ...{ isGone: isGone(verb, metadata), isStored, at },
    };
  });
}

/** The objects in the bodies of an event. Of a deletion the name is enough. */
function shownBy(event: JsonObject, verb: string, kind: string): { shown: JsonObject; isStored: boolean }[] {
  const answer = object(event['responseObject']);
  if (verb === 'deletecollection') {
    const items = answer['kind'] === `${kind}List` ? list(answer['items']) : [];
    return items.filter(isObject).map((shown) => ({ shown, isStored: true }));
  }
  // The garbage collector takes the last finalizer away by a patch that is answered without the
  // specification.
  const isLast = answer['kind'] === 'PartialObjectMetadata' && isGone(verb, object(answer['metadata']));
  if (answer['kind'] === kind || isLast) return [{ shown: answer, isStored: true }];
  if (verb === 'delete') return [{ shown: {}, isStored: false }];
  const asked = verb === 'create' || verb === 'update' ? object(event['requestObject']) : {};
  return asked['kind'] === kind ? [{ shown: asked, isStored: false }] : [];
}

const storingVerbs = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);

/** Refused requests and dry runs change nothing; of subresources one alone changes what runs. */
function isStoredBy(event: JsonObject, verb: string, subresource: string | null): boolean {
  const code = number(object(event['responseStatus'])['code']) ?? 0;
  if (!storingVerbs.has(verb) || code < 200 || code > 299) return false;
  if (/[?&]dryRun=[^&]/.test(text(event['requestURI']) ?? '')) return false;
  return subresource === null || (subresource === 'ephemeralcontainers' && (verb === 'patch' || verb === 'update'));
}

function versionIn(reference: JsonObject): string {
  const [group, version] = [text(reference['apiGroup']), text(reference['apiVersion']) ?? 'v1'];
  return group === null ? version : `${group}/${version}`;
}

function placeIn(reference: JsonObject): JsonObject {
  const [name, namespace] = [text(reference['name']), text(reference['namespace'])];
  return { ...(name !== null && { name }), ...(namespace !== null && { namespace }) };
}

/** An object with finalizers stays after its deletion, and goes with the last of them. */
function isGone(verb: string, metadata: JsonObject): boolean {
  if (list(metadata['finalizers']).length > 0) return false;
  return verb === 'delete' || verb === 'deletecollection' || text(metadata['deletionTimestamp']) !== null;
}
