import type { Located } from '@tidewaiter/yaml';

import { shown, type Check, type CheckFailure } from '../check.js';
import { at, itemsAt, textAt } from './fields.js';

/** Object of a manifest. */
export interface Resource {
  kind: string;
  /** Without its version; empty for the core group. */
  group: string;
  name: string;
  namespace?: string;
  node: Located;
  /** Name in reports: `Deployment shop/api`. */
  label: string;
  manifest: KubernetesManifest;
  /** Path of the pod template in an object of an unknown kind. */
  template?: readonly string[];
}

/** Objects of one file. */
export interface KubernetesManifest {
  resources: Resource[];
  /** Service accounts by namespace and name. */
  accounts: Map<string, Located>;
}

export function accountKey(namespace: string | undefined, name: string): string {
  return `${namespace ?? ''}/${name}`;
}

/** Check whose examples are whole manifests. */
export type KubernetesCheck = Check<Resource, string>;

/** API groups of built-in kinds: a `Service` of another group is a custom resource. */
const kinds = new Map<string, readonly string[]>([
  ['ClusterRole', ['rbac.authorization.k8s.io']],
  ['ClusterRoleBinding', ['rbac.authorization.k8s.io']],
  ['ConfigMap', ['']],
  ['CronJob', ['batch']],
  ['DaemonSet', ['apps', 'extensions']],
  ['Deployment', ['apps', 'extensions']],
  ['Ingress', ['networking.k8s.io', 'extensions']],
  ['Job', ['batch']],
  ['Namespace', ['']],
  ['NetworkPolicy', ['networking.k8s.io', 'extensions']],
  ['PersistentVolume', ['']],
  ['Pod', ['']],
  ['PodTemplate', ['']],
  ['ReplicaSet', ['apps', 'extensions']],
  ['ReplicationController', ['']],
  ['Role', ['rbac.authorization.k8s.io']],
  ['RoleBinding', ['rbac.authorization.k8s.io']],
  ['Secret', ['']],
  ['Service', ['']],
  ['ServiceAccount', ['']],
  ['StatefulSet', ['apps']],
]);

/** Cluster-scoped kinds. */
const clusterKinds = new Set(['ClusterRole', 'ClusterRoleBinding', 'Namespace', 'PersistentVolume']);

const maxListDepth = 10;

/** Whether a document has the fields of a Kubernetes object, built-in or custom. */
export function isManifest(document: Located): boolean {
  return textAt(document, 'apiVersion') !== undefined && textAt(document, 'kind') !== undefined;
}

/** Whether the kind is built into Kubernetes and not a custom resource of the same name. */
export function isOwnKind(kind: string, apiVersion: string): boolean {
  return kinds.get(kind)?.includes(groupOf(apiVersion)) ?? false;
}

function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
}

/** Name of an object in a report: `Deployment shop/api`. */
export function labelOf(kind: string, namespace: string | undefined, name: string): string {
  return `${kind} ${namespace === undefined ? '' : `${shown(namespace, 70)}/`}${shown(name, 100)}`;
}

/** Adds the objects of a document whose kinds have checks, including the items of lists. */
export function addResources(manifest: KubernetesManifest, document: Located, depth = 1): void {
  const kind = textAt(document, 'kind') ?? '';
  const apiVersion = textAt(document, 'apiVersion') ?? '';
  const list = at(document, 'items');
  if (kind.endsWith('List') && Array.isArray(list?.value)) {
    if (depth < maxListDepth) for (const item of itemsAt(list)) addResources(manifest, item, depth + 1);
    return;
  }
  if (!isOwnKind(kind, apiVersion)) return;
  const name = textAt(document, 'metadata', 'name') ?? textAt(document, 'metadata', 'generateName') ?? '?';
  const namespace = clusterKinds.has(kind) ? undefined : textAt(document, 'metadata', 'namespace');
  const label = labelOf(kind, namespace, name);
  if (kind === 'ServiceAccount') manifest.accounts.set(accountKey(namespace, name), document);
  manifest.resources.push({
    kind,
    group: groupOf(apiVersion),
    name,
    ...(namespace !== undefined && { namespace }),
    node: document,
    label,
    manifest,
  });
}

/** Match of a check at a field of an object. */
export function seenIn(
  resource: Resource,
  field: string,
  title: string,
  node: Located | undefined,
  what = '',
): CheckFailure {
  return {
    title,
    place: `${resource.label} ${field} ${what}`.trim(),
    line: node?.line ?? resource.node.line,
    field,
    resource: resource.label,
  };
}
