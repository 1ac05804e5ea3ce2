import { completed } from '@tidewaiter/collections';
import type { JsonObject, Observation, RuntimeRecord } from '@tidewaiter/domain';

import { eventsOfAmazon } from '../amazon-envelopes.js';
import { isObject, list, number, object, text, texts } from '../json.js';
import { observationOf } from '../observation.js';
import { hashOf, type Reason, recordSteps, type DocumentEvent } from '../read-records.js';
import type { SensorSource, Sensor } from '../sensor.js';
import { readTime } from '../times.js';
import { auditedObjects } from './audited-object.js';
import { withoutSecrets } from './secret-values.js';

/**
 * The audit log of Kubernetes: requests of an audit webhook (an EventList), or its log file, one
 * event a line.
 * @see https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/
 */
export const kubernetesAudit: Sensor = {
  source: 'kubernetes-audit',
  aliases: ['k8s_audit', 'k8s-audit', 'audit'],
  title: 'Kubernetes audit log',
  about: {
    reads:
      'Posts of an audit webhook (`EventList`), the audit log with one event a line, and EKS events of CloudWatch Logs.',
    reports: ['request'],
    repetition: '`auditID` with user, verb, URI and time of the request',
    ignores: { stage: 'stages other than the answer', empty: 'empty list' },
    note: 'An event counts when its request is answered (`ResponseComplete`, `Panic`); a session (exec, attach, port-forward) when it begins. Data of Secrets and ConfigMaps, tokens, variables of pods and unknown `user.extra` are removed. Level `Metadata` has no object, so rules about settings of pods match nothing. Objects that run pods are checked before the removal: [workload findings](workload-findings.md).',
  },
  read: (body, connection) => completed(recordSteps(kubernetesAudit, body, connection, readDocument)),
  steps: (body, connection) => recordSteps(kubernetesAudit, body, connection, readDocument),
  observe,
};

function* readDocument(body: JsonObject, { receivedAt }: SensorSource): Iterable<DocumentEvent | Reason> {
  // EKS has no webhook; its log comes through CloudWatch.
  for (const { event } of eventsOfAmazon(body)) yield* readItem(event, receivedAt);
}

function* readItem(document: JsonObject, receivedAt: string): Iterable<DocumentEvent | Reason> {
  if (document['kind'] !== 'EventList') return yield* readEvent(document, receivedAt);
  // An empty list is a valid document of this sensor, too.
  if (list(document['items']).length === 0) yield 'empty';
  for (const item of list(document['items'])) yield* isObject(item) ? readEvent(item, receivedAt) : ['malformed'];
}

function* readEvent(event: JsonObject, receivedAt: string): Iterable<DocumentEvent | Reason> {
  if (!isAuditEvent(event)) return yield 'malformed';
  if (!counts(event)) return yield 'stage';
  yield {
    id: idOf,
    // Time of the request, not of its end: an exec lasts for hours, and the events it causes must
    // come after it.
    at:
      readTime(event['requestReceivedTimestamp']) ?? readTime(event['stageTimestamp']) ?? readTime(event['timestamp']),
    node: null,
    event: withoutSecrets(event),
    isCut: text(object(event['annotations'])['audit.k8s.io/truncated']) === 'true',
    objects: auditedObjects(event, receivedAt),
  };
}

/**
 * `auditID` alone does not identify a request: a client may choose it with the header `Audit-ID`,
 * and could hide a request behind an earlier one. The time of the request is the API server's, and
 * the same in all stages.
 */
function idOf(event: JsonObject): string | null {
  const auditId = text(event['auditID']);
  if (auditId === null) return null;
  const user = text(object(event['user'])['username']);
  const request = [user, event['verb'], event['requestURI'], event['requestReceivedTimestamp']];
  return `${auditId}:${hashOf(JSON.stringify(request)).slice(0, 16)}`;
}

/** Items of an EventList need not repeat their kind. */
function isAuditEvent(event: JsonObject): boolean {
  if ('kind' in event && event['kind'] !== 'Event') return false;
  const version = text(event['apiVersion']);
  if (version !== null && !version.startsWith('audit.k8s.io/')) return false;
  return isObject(event['user']) || text(event['verb']) !== null || text(event['requestURI']) !== null;
}

const switchingProtocols = 101;

/**
 * A request comes in several stages and counts once, when it is answered. A session (exec, attach,
 * port-forward) is answered with 101 when it begins and is complete when it ends, which may be
 * hours later: its beginning counts, its end has the same id.
 */
function counts(event: JsonObject): boolean {
  const stage = event['stage'];
  if (stage === 'ResponseStarted') return number(object(event['responseStatus'])['code']) === switchingProtocols;
  return stage !== 'RequestReceived';
}

function observe(record: RuntimeRecord): Observation {
  const { event } = record;
  const observation = observationOf(record, 'request');
  const reference = object(event['objectRef']);
  observation.request = readRequest(event, reference);
  observation.pod = readPod(event, reference);
  return observation;
}

function readRequest(event: JsonObject, reference: JsonObject): NonNullable<Observation['request']> {
  const user = object(event['user']);
  const status = number(object(event['responseStatus'])['code']);
  const resource = text(reference['resource']);
  const subresource = text(reference['subresource']);
  return {
    user: text(user['username']),
    groups: texts(user['groups']),
    accessKeyId: texts(object(user['extra'])['accessKeyId'])[0] ?? null,
    sourceIps: texts(event['sourceIPs']),
    userAgent: text(event['userAgent']),
    verb: text(event['verb']),
    resource: resource !== null && subresource !== null ? `${resource}/${subresource}` : resource,
    namespace: text(reference['namespace']),
    name: text(reference['name']) ?? text(object(object(event['responseObject'])['metadata'])['name']),
    status,
    succeeded: status === null ? !isForbidden(event) : status < 400,
  };
}

function isForbidden(event: JsonObject): boolean {
  return object(event['annotations'])['authorization.k8s.io/decision'] === 'forbid';
}

/** The pod that a request acts on. */
function readPod(event: JsonObject, reference: JsonObject): Observation['pod'] {
  const namespace = text(reference['namespace']);
  if (reference['resource'] !== 'pods' || namespace === null) return null;
  const response = object(event['responseObject']);
  const metadata = object(response['metadata']);
  return {
    namespace,
    name: text(reference['name']) ?? text(metadata['name']),
    uid: text(reference['uid']) ?? text(metadata['uid']),
    workloadKind: null,
    workload: null,
    serviceAccount: text(object(response['spec'])['serviceAccountName']),
  };
}
