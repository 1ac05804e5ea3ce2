import type { ContainmentKind, ContainmentSubject, JsonObject, JsonValue } from '@tidewaiter/domain';

/** An object as the Kubernetes API has it; its contents are not checked. */
export interface KubernetesObject {
  metadata: {
    name: string;
    namespace?: string;
    uid: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    deletionTimestamp?: string;
    ownerReferences?: { kind: string; name: string; uid: string; controller?: boolean }[];
  };
  spec?: JsonObject;
  [key: string]: unknown;
}

/** A request to the Kubernetes API that changes an object. */
export interface KubernetesCall {
  method: 'POST' | 'PATCH' | 'DELETE';
  path: string;
  body: JsonValue;
  /**
   * Statuses beside success that mean the call has taken effect before, so that it can be repeated.
   */
  accepts: number[];
}

/** An operation of a JSON patch. @see https://www.rfc-editor.org/rfc/rfc6902 */
export type PatchOperation =
  | { op: 'test' | 'add' | 'replace'; path: string; value: JsonValue }
  | { op: 'remove'; path: string };

const collections: Readonly<Record<ContainmentKind, { prefix: string; plural: string }>> = {
  Pod: { prefix: '/api/v1', plural: 'pods' },
  Node: { prefix: '/api/v1', plural: 'nodes' },
  ServiceAccount: { prefix: '/api/v1', plural: 'serviceaccounts' },
  Deployment: { prefix: '/apis/apps/v1', plural: 'deployments' },
  StatefulSet: { prefix: '/apis/apps/v1', plural: 'statefulsets' },
  DaemonSet: { prefix: '/apis/apps/v1', plural: 'daemonsets' },
  ReplicaSet: { prefix: '/apis/apps/v1', plural: 'replicasets' },
};

/** Path of the list that holds a subject. */
export function collectionPath({ kind, namespace }: Pick<ContainmentSubject, 'kind' | 'namespace'>): string {
  const { prefix, plural } = collections[kind];
  return namespace === null ? `${prefix}/${plural}` : `${prefix}/namespaces/${encodeURIComponent(namespace)}/${plural}`;
}

export function pathOf(subject: ContainmentSubject): string {
  return `${collectionPath(subject)}/${encodeURIComponent(subject.name)}`;
}

export function networkPoliciesPath(namespace: string): string {
  return `/apis/networking.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/networkpolicies`;
}

/** Patch that applies to the object with this uid only. */
export function patch(path: string, uid: string, operations: readonly PatchOperation[]): KubernetesCall {
  const sameObject: PatchOperation = { op: 'test', path: '/metadata/uid', value: uid };
  return { method: 'PATCH', path, body: [sameObject, ...operations].map((each) => ({ ...each })), accepts: [] };
}

/** Operations that set a label, or remove it for null. */
export function labelOperations(
  { metadata: { labels } }: KubernetesObject,
  key: string,
  value: string | null,
): PatchOperation[] {
  const path = `/metadata/labels/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  if (value === null) return labels?.[key] === undefined ? [] : [{ op: 'remove', path }];
  const parent: PatchOperation[] = labels === undefined ? [{ op: 'add', path: '/metadata/labels', value: {} }] : [];
  return [...parent, { op: 'add', path, value }];
}

/**
 * A label selector.
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/
 */
export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

/** Whether a selector matches labels. An operator that is not known counts as a match. */
export function selects(
  { matchLabels = {}, matchExpressions = [] }: LabelSelector,
  labels: Readonly<Record<string, string>>,
): boolean {
  const hasLabels = Object.entries(matchLabels).every(([key, value]) => labels[key] === value);
  return hasLabels && matchExpressions.every((expression) => isMet(expression, labels));
}

function isMet(
  { key, operator, values = [] }: { key: string; operator: string; values?: string[] },
  labels: Readonly<Record<string, string>>,
): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  if (operator === 'In') return value !== undefined && values.includes(value);
  if (operator === 'NotIn') return value === undefined || !values.includes(value);
  if (operator === 'Exists') return value !== undefined;
  return operator !== 'DoesNotExist' || value === undefined;
}

/** Parameter of a list request: `app=web,tier in (a,b)`. */
export function selectorText({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const equal = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`);
  const others = matchExpressions.map(({ key, operator, values = [] }) => {
    if (operator === 'Exists') return key;
    if (operator === 'DoesNotExist') return `!${key}`;
    return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values.join(',')})`;
  });
  return [...equal, ...others].join(',');
}

/** Template of the pods of a workload, or the pod itself. */
export function podOf(object: KubernetesObject): { labels: Record<string, string>; spec: JsonObject } {
  const template = (object.spec?.['template'] ?? undefined) as
    | { metadata?: { labels?: Record<string, string> }; spec?: JsonObject }
    | undefined;
  if (template === undefined) return { labels: object.metadata.labels ?? {}, spec: object.spec ?? {} };
  return { labels: template.metadata?.labels ?? {}, spec: template.spec ?? {} };
}
