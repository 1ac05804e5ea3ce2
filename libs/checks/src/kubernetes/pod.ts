import { shown, type CheckInfo, type Seen } from '../check.js';
import { at, itemsAt, textAt, type Located } from './located.js';
import { seenIn, type KubernetesCheck, type Resource } from './resource.js';

/** What an object runs. */
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

/** Path of the pod in each kind of object that makes pods. */
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

/** Every check asks for the pod of an object again. */
const pods = new WeakMap<Resource, Pod>();

/** The pod that an object makes; undefined of objects that make none. */
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
  find: (subject: Subject) => Iterable<Seen>;
};

/** A check of every pod, whatever makes it. */
export function podCheck({ find, ...info }: Rule<Pod>): KubernetesCheck {
  return {
    ...info,
    *find(resource) {
      const pod = podOf(resource);
      if (pod) yield* find(pod);
    },
  };
}

/** A check of every container: those that start before and those that are added later too. */
export function containerCheck({ find, ...info }: Rule<Container>): KubernetesCheck {
  return podCheck({
    ...info,
    *find({ containers }) {
      for (const container of containers) yield* find(container);
    },
  });
}

/** What a check saw in the pod itself. */
export function seenInPod(pod: Pod, field: string, title: string, node: Located | undefined, what = ''): Seen {
  return seenIn(pod.resource, `${pod.field}.${field}`, `${pod.resource.label} ${title}`, node, what);
}

/** What a check saw in a container. The place names it, for its number may change. */
export function seenInContainer(container: Container, field: string, title: string, node?: Located, what = ''): Seen {
  const { pod, name, role } = container;
  const seen = seenIn(
    pod.resource,
    `${container.field}.${field}`,
    `The ${role} ${name} of ${pod.resource.label} ${title}`,
    node ?? container.node,
  );
  return { ...seen, container: name, place: `${pod.resource.label} ${role} ${name} ${field} ${what}`.trim() };
}

/** A field of the security context of a container, or of its pod where it says nothing itself. */
export function contextOf({ node, pod }: Container, ...keys: readonly string[]): Located | undefined {
  return at(node, 'securityContext', ...keys) ?? at(pod.spec, 'securityContext', ...keys);
}

/** A pod of which only these lines are worth a look; for examples. `pod` goes into the spec, `container` into its only container. */
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

/** The same pod as the template of a Deployment, with `initContainers` instead; for examples. */
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
