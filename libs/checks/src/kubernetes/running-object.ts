import { compareSeverity, type Finding, type JsonObject, type JsonValue, type ObjectFinding } from '@tidewaiter/domain';
import type { Located } from '@tidewaiter/yaml';

import { runChecks, toFinding, type CheckInfo } from '../check.js';
import { kubernetesChecks } from './kubernetes-checks.js';
import { podOf, templates } from './pod.js';
import { isOwnKind, labelOf, type Resource } from './resource.js';

/**
 * Limits on one object, and on a body with many. Usual manifests have a hundredth of them; etcd
 * accepts more.
 */
export const objectLimits = {
  /** Values in the specification, lists and maps counted. */
  maxValues: 20_000,
  maxDepth: 100,
  maxContainers: 100,
  /**
   * Containers in one body: checking a container of three bytes takes up to a third of a
   * millisecond.
   */
  maxBodyContainers: 10_000,
  /** Bytes of the findings as JSON: they are sent with the event in one message. */
  maxFindingBytes: 40 * 1024,
} as const;

/** Finding for an object that was not checked completely: the rest may hide something worse. */
export const notChecked: CheckInfo = {
  id: 'k8s-not-checked',
  title: 'Object too large for complete evaluation',
  severity: 'high',
  reason: 'The part beyond the limits is not evaluated and may contain any configuration.',
  fix: 'Split the object. Typical manifests use a hundredth of the limits.',
  reference: 'https://kubernetes.io/docs/concepts/workloads/pods/',
};

/** Kinds of objects that run pods, which a PodTemplate does not. */
const runningKinds = new Set([...templates.keys()].filter((kind) => kind !== 'PodTemplate'));

/** Whether an object of the API server is of a built-in kind that runs pods. */
export function runsPods(kind: string, apiVersion: string): boolean {
  return runningKinds.has(kind) && isOwnKind(kind, apiVersion);
}

/** Object from the API server, and the workload to which its findings belong. */
export interface RunningObject {
  namespace: string;
  /** Creator of a pod; any other object itself. */
  workload: { kind: string; name: string };
  object: JsonObject;
}

export type CheckRunningObject = (running: RunningObject) => ObjectFinding[];

/**
 * Creates a checker for the objects of one body that run pods. It applies the checks of manifests
 * and returns the worst findings first. A pod with a creator is evaluated as the template of that
 * workload: the same mistake has one fingerprint in every replica and in the workload's own
 * manifest. Texts name settings, never values.
 */
export function runningObjectChecker(): CheckRunningObject {
  const budget: Budget = { containersLeft: objectLimits.maxBodyContainers };
  return (running) => checkObject(running, budget);
}

/** Containers that may still be checked in one body. */
interface Budget {
  containersLeft: number;
}

function checkObject({ namespace, workload, object }: RunningObject, budget: Budget): ObjectFinding[] {
  const label = labelOf(workload.kind, namespace, workload.name);
  const template = templates.get(workload.kind) ?? ['spec', 'template'];
  const node = located(manifestOf(object, workload.kind, template));
  if (node === null)
    return [
      unchecked(label, `has more than ${objectLimits.maxValues} values, or more than ${objectLimits.maxDepth} levels`),
    ];
  const resource: Resource = {
    ...{ kind: workload.kind, group: '', name: workload.name, namespace, node, label, template },
    manifest: { resources: [], accounts: new Map() },
  };
  const containers = podOf(resource)?.containers ?? [];
  if (containers.length > objectLimits.maxContainers)
    return [unchecked(label, `has more than ${objectLimits.maxContainers} containers`)];
  budget.containersLeft -= containers.length;
  if (budget.containersLeft < 0)
    return [unchecked(label, `came with more than ${objectLimits.maxBodyContainers} containers in one body`)];
  const findings = runChecks(kubernetesChecks, [resource], null)
    .toSorted((a, b) => compareSeverity(a.severity, b.severity))
    .map(objectFinding);
  return fitting(findings, label);
}

/** Metadata and specification of an object, in the form of the workload's manifest. */
function manifestOf(object: JsonObject, kind: string, template: readonly string[]): JsonObject {
  if (object['kind'] === kind) return { metadata: withoutBulk(object['metadata']), spec: object['spec'] ?? null };
  const pod: JsonObject = { metadata: withoutBulk(object['metadata']), spec: object['spec'] ?? null };
  return template.reduceRight<JsonObject>((inner, key) => ({ [key]: inner }), pod);
}

/** Metadata reduced to annotations, the only part with settings. */
function withoutBulk(metadata: JsonValue | undefined): JsonObject {
  const annotations = isObject(metadata) ? metadata['annotations'] : undefined;
  return isObject(annotations) ? { annotations } : {};
}

/** Converts a value into the form that checks read, without line numbers; null above the limits. */
function located(value: JsonObject): Located | null {
  let valuesLeft: number = objectLimits.maxValues;
  function walk(inner: JsonValue, depth: number): Located {
    valuesLeft = depth > objectLimits.maxDepth ? -1 : valuesLeft - 1;
    if (valuesLeft < 0) return { value: null, line: 0 };
    if (Array.isArray(inner)) return { value: listOf(inner, depth), line: 0 };
    if (!isObject(inner)) return { value: inner, line: 0 };
    const map = new Map<string, Located>();
    for (const key in inner) {
      if (valuesLeft < 0) break;
      map.set(key, walk(inner[key]!, depth + 1));
    }
    return { value: map, line: 0 };
  }
  function listOf(items: readonly JsonValue[], depth: number): Located[] {
    const list: Located[] = [];
    for (const item of items) {
      if (valuesLeft < 0) break;
      list.push(walk(item, depth + 1));
    }
    return list;
  }
  const root = walk(value, 1);
  return valuesLeft < 0 ? null : root;
}

function objectFinding({ id, severity, title, fingerprint, evidence }: Finding): ObjectFinding {
  const text = (name: string) => (typeof evidence[name] === 'string' ? evidence[name] : null);
  return {
    ...{ check: id, severity, title, container: text('container'), field: text('field') },
    fingerprint: fingerprint.slice(0, 32),
  };
}

function unchecked(label: string, why: string): ObjectFinding {
  const seen = { title: `${label} ${why}: it is not checked`, place: `${label} …`, field: 'spec' };
  return objectFinding(toFinding(notChecked, seen, null));
}

/**
 * Worst findings that fit the limit, and one finding that counts the rest with the worst severity
 * among them.
 */
function fitting(findings: readonly ObjectFinding[], label: string): ObjectFinding[] {
  let bytesLeft: number = objectLimits.maxFindingBytes;
  const kept: ObjectFinding[] = [];
  for (const finding of findings) {
    bytesLeft -= Buffer.byteLength(JSON.stringify(finding));
    if (bytesLeft < 0) break;
    kept.push(finding);
  }
  const next = findings[kept.length];
  if (next === undefined) return kept;
  const title = `${label} has ${findings.length - kept.length} further findings that are not stored, ${next.severity} at most`;
  const seen = { title, place: `${label} … more`, field: 'spec', severity: next.severity };
  return [...kept, objectFinding(toFinding(notChecked, seen, null))];
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
