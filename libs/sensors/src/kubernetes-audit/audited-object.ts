import type { JsonObject } from '@tidewaiter/domain';

import { list, number, object, text } from '../json.js';
import type { ObjectState } from '../object-judgement.js';
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
 * The object that a request has stored or deleted, of those that run pods. The answer has the whole object (level `RequestResponse`); a request has it
 * when it creates or replaces (level `Request`), but not when it patches.
 */
export function auditedObject(event: JsonObject, receivedAt: string): ObjectState | undefined {
  const reference = object(event['objectRef']);
  const kind = kinds.get(text(reference['resource']) ?? '');
  const verb = text(event['verb']) ?? '';
  if (kind === undefined || !isStoredBy(event, verb, text(reference['subresource']))) return undefined;
  const answer = object(event['responseObject']);
  const isAnswered = answer['kind'] === kind;
  const asked = verb === 'create' || verb === 'update' ? object(event['requestObject']) : {};
  if (!isAnswered && verb !== 'delete' && asked['kind'] !== kind) return undefined;
  const shown = isAnswered ? answer : asked;
  const group = text(reference['apiGroup']);
  const version = text(reference['apiVersion']) ?? 'v1';
  const metadata = object(shown['metadata']);
  return {
    object: {
      ...shown,
      kind,
      apiVersion: group === null ? version : `${group}/${version}`,
      metadata: { ...metadata, ...placeIn(reference) },
    },
    isGone: isGone(verb, metadata),
    isStored: isAnswered,
    at: readTime(event['stageTimestamp']) ?? readTime(event['requestReceivedTimestamp']) ?? receivedAt,
  };
}

const storingVerbs = new Set(['create', 'update', 'patch', 'delete']);

/** Refused requests and dry runs change nothing; of subresources one alone changes what runs. */
function isStoredBy(event: JsonObject, verb: string, subresource: string | null): boolean {
  const code = number(object(event['responseStatus'])['code']) ?? 0;
  if (!storingVerbs.has(verb) || code < 200 || code > 299) return false;
  if (/[?&]dryRun=[^&]/.test(text(event['requestURI']) ?? '')) return false;
  return subresource === null || (subresource === 'ephemeralcontainers' && verb !== 'create' && verb !== 'delete');
}

function placeIn(reference: JsonObject): JsonObject {
  const [name, namespace] = [text(reference['name']), text(reference['namespace'])];
  return { ...(name !== null && { name }), ...(namespace !== null && { namespace }) };
}

/** An object with finalizers stays after its deletion, and goes with the last of them. */
function isGone(verb: string, metadata: JsonObject): boolean {
  if (list(metadata['finalizers']).length > 0) return false;
  return verb === 'delete' || text(metadata['deletionTimestamp']) !== null;
}
