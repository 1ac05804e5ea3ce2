import type { JsonObject, JsonValue } from '@tidewaiter/domain';
import { redactSecrets } from '@tidewaiter/secrets';

import type { KubernetesObject } from './kubernetes.js';

const maxEvents = 20;
const maxPods = 20;
const maxEvidenceChars = 131_072;

/** State of an object before an action changed it. Values of variables are left out. */
export interface ContainmentEvidence {
  object: JsonObject;
  owners: string[];
  /** Name and digest of each container that runs, as the kubelet reports them. */
  images: string[];
  /** Pods of a workload, without their specs: name, node, start, digests. */
  pods: JsonObject[];
  /** Newest events about the object and its pods. */
  events: JsonObject[];
}

/** Collects what an investigation needs and the action may remove. */
export function evidenceOf(
  subject: KubernetesObject,
  pods: readonly KubernetesObject[],
  events: readonly KubernetesObject[],
): ContainmentEvidence {
  const running = pods.length > 0 ? pods : [subject];
  const evidence = {
    object: bounded(cleaned({ metadata: metadataOf(subject), spec: subject.spec ?? {} }) as JsonObject),
    owners: (subject.metadata.ownerReferences ?? []).map(({ kind, name, uid }) => `${kind}/${name} (${uid})`),
    images: [...new Set(running.flatMap(imagesOf))],
    pods: pods.slice(0, maxPods).map(podSummary),
    events: events.toSorted(byTime).slice(0, maxEvents).map(eventSummary),
  };
  return evidence;
}

function metadataOf({ metadata }: KubernetesObject): JsonObject {
  const { managedFields: _, ...shown } = metadata as typeof metadata & { managedFields?: unknown };
  return shown;
}

function statusOf(object: KubernetesObject): JsonObject {
  return (object['status'] ?? {}) as JsonObject;
}

function imagesOf(pod: KubernetesObject): string[] {
  const statuses = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'];
  return statuses
    .flatMap((key) => (statusOf(pod)[key] ?? []) as { name: string; imageID: string }[])
    .map(({ name, imageID }) => `${name}: ${imageID}`);
}

function podSummary(pod: KubernetesObject): JsonObject {
  const { name, uid } = pod.metadata;
  const { podIP = null, startTime = null } = statusOf(pod);
  return { name, uid, node: pod.spec?.['nodeName'] ?? null, podIP, startTime, images: imagesOf(pod) };
}

function eventSummary(event: KubernetesObject): JsonObject {
  const { reason = null, message = null, count = null } = event as unknown as JsonObject;
  const text = typeof message === 'string' ? redactSecrets(message) : null;
  return { at: timeOf(event), reason, message: text, count };
}

function timeOf(event: KubernetesObject): string {
  const { lastTimestamp, eventTime } = event as unknown as { lastTimestamp?: string; eventTime?: string };
  return lastTimestamp ?? eventTime ?? '';
}

function byTime(a: KubernetesObject, b: KubernetesObject): number {
  return timeOf(a) < timeOf(b) ? 1 : -1;
}

/** Masks secrets. The value of a variable may be one without looking like it. */
function cleaned(value: JsonValue): JsonValue {
  if (typeof value === 'string') return redactSecrets(value);
  if (Array.isArray(value)) return value.map(cleaned);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      // Applied manifests repeat everything, and so do their secrets.
      .filter(([key]) => key !== 'kubectl.kubernetes.io/last-applied-configuration')
      .map(([key, each]) => [key, key === 'env' && Array.isArray(each) ? each.map(withoutValue) : cleaned(each)]),
  );
}

function withoutValue(variable: JsonValue): JsonValue {
  if (variable === null || typeof variable !== 'object' || !('value' in variable)) return variable;
  return { ...variable, value: '[redacted]' };
}

function bounded(object: JsonObject): JsonObject {
  const { length } = JSON.stringify(object);
  return length <= maxEvidenceChars ? object : { omitted: `an object of ${length} characters` };
}
