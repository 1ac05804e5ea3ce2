import type { Located } from '@tidewaiter/yaml';

import { shown, type CheckInfo, type CheckFailure } from '../check.js';
import { at, itemsAt, textAt } from './fields.js';
import { seenIn, type KubernetesCheck, type Resource } from './resource.js';

/** Pod, or pod template, of an object. */
export interface Pod {
  resource: Resource;
  /** Path of the pod's spec in the object: `spec.template.spec`. */
  field: string;
  metadata: Located | undefined;
  spec: Located;
  containers: readonly Container[];
  isWindows: boolean;
}

export interface Container {
  pod: Pod;
  name: string;
  /** Path in the object: `spec.template.spec.containers[0]`. */
  field: string;
  role: 'container' | 'init container' | 'ephemeral container';
  node: Located;
}

/** Path of the pod template in each kind of object that creates pods. */
export const templates: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ['CronJob', ['spec', 'jobTemplate', 'spec', 'template']],
  ['DaemonSet', ['spec', 'template']],
  ['Deployment', ['spec', 'template']],
  ['Job', ['spec', 'template']],
  ['Pod', []],
  ['PodTemplate', ['template']],
  ['ReplicaSet', ['spec', 'template']],
  ['ReplicationController', ['spec', 'template']],
  ['StatefulSet', ['spec', 'template']],
]);

const roles = [
  ['containers', 'container'],
  ['initContainers', 'init container'],
  ['ephemeralContainers', 'ephemeral container'],
] as const;

/** Cache: every check requests the pod of an object again. */
const pods = new WeakMap<Resource, Pod>();

/** Pod that an object creates; undefined for objects that create none. */
export function podOf(resource: Resource): Pod | undefined {
  const known = pods.get(resource);
  if (known) return known;
  const pod = readPod(resource);
  if (pod) pods.set(resource, pod);
  return pod;
}

function readPod(resource: Resource): Pod | undefined {
  const path = resource.template ?? templates.get(resource.kind);
  const template = path && at(resource.node, ...path);
  const spec = at(template, 'spec');
  if (!path || !spec) return undefined;
  const field = [...path, 'spec'].join('.');
  const containers: Container[] = [];
  const isWindows = textAt(spec, 'os', 'name') === 'windows';
  const pod: Pod = { resource, field, metadata: at(template, 'metadata'), spec, containers, isWindows };
  for (const [key, role] of roles) {
    for (const [index, node] of itemsAt(spec, key).entries()) {
      const name = shown(textAt(node, 'name') ?? String(index), 100);
      containers.push({ pod, name, field: `${field}.${key}[${index}]`, role, node });
    }
  }
  return pod;
}

type Rule<Subject> = CheckInfo & {
  passes: readonly string[];
  fails: readonly string[];
  find: (subject: Subject) => Iterable<CheckFailure>;
};

/** Makes a check of every pod, for any kind of object that creates it. */
export function podCheck({ find, ...info }: Rule<Pod>): KubernetesCheck {
  return {
    ...info,
    *find(resource) {
      const pod = podOf(resource);
      if (pod) yield* find(pod);
    },
  };
}

/** Makes a check of every container, including init and ephemeral containers. */
export function containerCheck({ find, ...info }: Rule<Container>): KubernetesCheck {
  return podCheck({
    ...info,
    *find({ containers }) {
      for (const container of containers) yield* find(container);
    },
  });
}

/** Match of a check in the pod itself. */
export function seenInPod(pod: Pod, field: string, title: string, node: Located | undefined, what = ''): CheckFailure {
  return seenIn(pod.resource, `${pod.field}.${field}`, `${pod.resource.label} ${title}`, node, what);
}

/**
 * Match of a check in a container. The place has the container's name, because its index may
 * change.
 */
export function seenInContainer(
  container: Container,
  field: string,
  title: string,
  node?: Located,
  what = '',
): CheckFailure {
  const { pod, name, role } = container;
  const seen = seenIn(
    pod.resource,
    `${container.field}.${field}`,
    `The ${role} ${name} of ${pod.resource.label} ${title}`,
    node ?? container.node,
  );
  return { ...seen, container: name, place: `${pod.resource.label} ${role} ${name} ${field} ${what}`.trim() };
}

/**
 * Field of the security context of a container, inherited from its pod if the container does not
 * set it.
 */
export function contextOf({ node, pod }: Container, ...keys: readonly string[]): Located | undefined {
  return at(node, 'securityContext', ...keys) ?? at(pod.spec, 'securityContext', ...keys);
}

/**
 * Example of a pod with these lines added: `pod` to the spec, `container` to its only container.
 */
export function podExample({
  pod = '',
  container = '',
  metadata = '',
}: {
  pod?: string;
  container?: string;
  metadata?: string;
}): string {
  return `apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop, ${metadata} }
spec:
  ${pod}
  containers:
    - name: app
      image: registry.example.com/app:1.2.3
      ${container}
`;
}

/** Example with the same pod as the template of a Deployment, with `initContainers` instead. */
export function deploymentExample({ pod = '', container = '' }: { pod?: string; container?: string }): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: shop }
spec:
  template:
    spec:
      ${pod}
      initContainers:
        - name: app
          image: registry.example.com/app:1.2.3
          ${container}
`;
}
