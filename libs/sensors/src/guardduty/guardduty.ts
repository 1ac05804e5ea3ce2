import { completed } from '@tidewaiter/collections';
import {
  type JsonObject,
  type JsonValue,
  type Observation,
  type Priority,
  type RuntimeRecord,
  unknownNetwork,
  unknownProcess,
} from '@tidewaiter/domain';

import { eventsOfAmazon } from '../amazon-envelopes.js';
import { readHostname } from '../domains.js';
import { readImageName, withoutScheme } from '../image-names.js';
import { isObject, list, number, object, text } from '../json.js';
import { observationOf } from '../observation.js';
import { type Reason, recordSteps, type DocumentEvent } from '../read-records.js';
import type { Sensor } from '../sensor.js';
import { readTime } from '../times.js';

/**
 * Findings of GuardDuty, those of EKS Runtime Monitoring among them: through EventBridge, SNS, or
 * as its API lists them.
 * @see https://docs.aws.amazon.com/guardduty/latest/APIReference/API_Finding.html
 */
export const guardduty: Sensor = {
  source: 'guardduty',
  aliases: ['aws-guardduty'],
  title: 'Amazon GuardDuty',
  about: {
    reads: 'Findings, also those of EKS Runtime Monitoring: by EventBridge, SNS, or as the API lists them.',
    reports: ['alert'],
    repetition: 'id and update time of the finding',
    ignores: { 'subscription-confirmation': 'confirmation request of SNS' },
    note: 'A finding arrives minutes after its subject, and again with each update.',
  },
  read: (body, connection) => completed(recordSteps(guardduty, body, connection, readDocument)),
  steps: (body, connection) => recordSteps(guardduty, body, connection, readDocument),
  observe,
};

function* readDocument(document: JsonObject): Iterable<DocumentEvent | Reason> {
  for (const { event, at } of eventsOfAmazon(document)) {
    const finding = lowered(event);
    const id = text(finding['id']);
    if (
      id === null ||
      text(finding['type']) === null ||
      !(isObject(finding['resource']) || isObject(finding['service']))
    ) {
      yield 'malformed';
    } else {
      const service = object(finding['service']);
      const updatedAt = readTime(finding['updatedAt']);
      yield {
        // The id of a finding stays the same while it grows.
        id: updatedAt === null ? id : `${id}@${updatedAt}`,
        at: readTime(service['eventLastSeen']) ?? updatedAt ?? at,
        node: null,
        cluster: text(object(object(finding['resource'])['eksClusterDetails'])['name']),
        event: finding,
      };
    }
  }
}

/** Names begin with a small letter in EventBridge and with a capital one in the API's answers. */
function lowered(value: JsonObject): JsonObject {
  return 'Id' in value && 'Type' in value ? (lowerNames(value) as JsonObject) : value;
}

function lowerNames(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(lowerNames);
  if (!isObject(value)) return value;
  const members = Object.entries(value).map(([key, each]) => [
    key.charAt(0).toLowerCase() + key.slice(1),
    lowerNames(each),
  ]);
  return Object.fromEntries(members) as JsonObject;
}

function observe(record: RuntimeRecord): Observation {
  const finding = record.event;
  const resource = object(finding['resource']);
  const service = object(finding['service']);
  const observation = observationOf(record, 'alert');
  const type = text(finding['type']) ?? '';
  observation.alert = {
    rule: type,
    priority: priorityOf(number(finding['severity'])),
    output: text(finding['description']) ?? text(finding['title']) ?? type,
    tags: techniques(text(finding['description']) ?? ''),
  };
  const workload = object(object(resource['kubernetesDetails'])['kubernetesWorkloadDetails']);
  observation.pod = readPod(workload);
  observation.container = readContainer(object(list(workload['containers'])[0] ?? resource['containerDetails']));
  observation.process = readProcess(object(object(service['runtimeDetails'])['process']));
  observation.network = readNetwork(object(service['action']));
  observation.request = readRequest(finding, resource, object(service['action']));
  return observation;
}

/** @see https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings-severity.html */
function priorityOf(severity: number | null): Priority {
  if (severity === null) return 'warning';
  if (severity >= 9) return 'alert';
  if (severity >= 7) return 'critical';
  return severity >= 4 ? 'warning' : 'notice';
}

function techniques(description: string): string[] {
  return [...new Set(description.match(/\bT\d{4}(?:\.\d{3})?\b/g) ?? [])];
}

const workloadKinds: ReadonlyMap<string, string> = new Map([
  ['pods', 'Pod'],
  ['deployments', 'Deployment'],
  ['daemonsets', 'DaemonSet'],
  ['statefulsets', 'StatefulSet'],
  ['jobs', 'Job'],
  ['cronjobs', 'CronJob'],
]);

function readPod(workload: JsonObject): Observation['pod'] {
  const name = text(workload['name']);
  const namespace = text(workload['namespace']);
  if (name === null || namespace === null) return null;
  const kind = workloadKinds.get(text(workload['type']) ?? '') ?? null;
  const isPod = kind === 'Pod' || kind === null;
  return {
    namespace,
    name: isPod ? name : null,
    uid: isPod ? text(workload['uid']) : null,
    // GuardDuty does not report the owner of a pod.
    workloadKind: isPod ? null : kind,
    workload: isPod ? null : name,
    serviceAccount: text(workload['serviceAccountName']),
  };
}

function readContainer(container: JsonObject): Observation['container'] {
  const id = withoutScheme(text(container['id']));
  const image = readImageName(text(container['image']));
  if (id === null && image.repository === null && image.digest === null) return null;
  return {
    id,
    name: text(container['name']),
    imageRepository: image.repository,
    imageTag: image.tag,
    imageDigest: image.digest,
    startedAt: null,
  };
}

function readProcess(details: JsonObject): Observation['process'] {
  const executable = text(details['executablePath']);
  const name = text(details['name']);
  if (executable === null && name === null) return null;
  const process = unknownProcess();
  const parent = object(list(details['lineage'])[0]);
  process.execId = text(details['uuid']);
  process.parentExecId = text(details['parentUuid']);
  process.pid = number(details['pid']);
  process.parentPid = number(parent['pid']);
  process.executable = executable;
  process.name = name;
  process.uid = number(details['userId']) ?? number(details['euid']);
  process.user = text(details['user']);
  process.workingDirectory = text(details['pwd']);
  process.sha256 = text(details['executableSha256']);
  process.parentExecutable = text(parent['executablePath']);
  return process;
}

function readNetwork(action: JsonObject): Observation['network'] {
  const connection = object(action['networkConnectionAction']);
  const asked = text(object(action['dnsRequestAction'])['domain']);
  const remoteIp = text(object(connection['remoteIpDetails'])['ipAddressV4']);
  if (asked === null && remoteIp === null) return null;
  const network = unknownNetwork();
  network.protocol =
    (text(connection['protocol']) ?? text(object(action['dnsRequestAction'])['protocol']))?.toLowerCase() ?? null;
  network.sourceIp = text(object(connection['localIpDetails'])['ipAddressV4']);
  network.sourcePort = number(object(connection['localPortDetails'])['port']);
  network.destinationIp = remoteIp;
  network.destinationPort = number(object(connection['remotePortDetails'])['port']);
  network.hostname = readHostname(asked);
  return network;
}

/** Findings about keys and about calls of Kubernetes' API. */
function readRequest(finding: JsonObject, resource: JsonObject, action: JsonObject): Observation['request'] {
  const key = object(resource['accessKeyDetails']);
  const kubernetesUser = object(object(resource['kubernetesDetails'])['kubernetesUserDetails']);
  const call = object(action['awsApiCallAction']);
  const kubernetesCall = object(action['kubernetesApiCallAction']);
  const user = text(key['userName']) ?? text(kubernetesUser['username']);
  if (user === null && text(key['accessKeyId']) === null) return null;
  const remote = object(call['remoteIpDetails'] ?? kubernetesCall['remoteIpDetails']);
  const sourceIp = text(remote['ipAddressV4']);
  return {
    user,
    groups: list(kubernetesUser['groups']).filter((group) => typeof group === 'string'),
    accessKeyId: text(key['accessKeyId']),
    sourceIps: sourceIp === null ? [] : [sourceIp],
    userAgent: text(call['userAgent']) ?? text(kubernetesCall['userAgent']),
    verb: text(call['api']) ?? text(kubernetesCall['verb']),
    resource: text(call['serviceName']) ?? text(kubernetesCall['resource']),
    namespace: text(kubernetesCall['namespace']) ?? text(finding['accountId']),
    name: text(kubernetesCall['resourceName']),
    status: number(kubernetesCall['statusCode']),
    succeeded: text(call['errorCode']) === null,
  };
}
