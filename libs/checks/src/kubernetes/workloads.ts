import { shown } from '../check.js';
import type { EnvironmentRule } from '../environment/environment-rule.js';
import { environmentRules } from '../environment/environment-rules.js';
import { isLatest, parseImageName } from '../image-name.js';
import { adminPortsOf } from '../ports.js';
import { at, isFalse, isTrue, itemsAt, numberAt, textAt } from './fields.js';
import {
  containerCheck,
  deploymentExample,
  podCheck,
  podExample,
  podOf,
  seenInContainer,
  seenInPod,
  type Container,
  type Pod,
} from './pod.js';
import { accountKey, seenIn, type KubernetesCheck } from './resource.js';

/** Image of a container; undefined if a template or tool inserts it. */
function imageOf({ node }: Container): string | undefined {
  const image = textAt(node, 'image')?.trim() ?? '';
  return image === '' || /\{\{|\$\{?\w|\$\(/.test(image) ? undefined : image;
}

const withImage = (image: string) =>
  `apiVersion: v1\nkind: Pod\nmetadata: { name: web, namespace: shop }\nspec: { containers: [{ name: app, image: "${image}" }] }`;

const latestImage = containerCheck({
  id: 'k8s-latest-image',
  title: 'Container image without fixed version (latest)',
  severity: 'medium',
  reason: 'Replicas may run different images, a rollback has no effect, and a hijacked push is deployed at once.',
  fix: 'Pin the version, preferably with its digest.',
  reference: 'https://kubernetes.io/docs/concepts/containers/images/#image-names',
  *find(container) {
    const image = imageOf(container);
    if (image !== undefined && isLatest(parseImageName(image)))
      yield seenInContainer(
        container,
        'image',
        `runs ${shown(image)} without a fixed version`,
        at(container.node, 'image'),
      );
  },
  passes: [
    withImage('nginx:1.27'),
    withImage('nginx@sha256:aa'),
    withImage('registry.example.com:5000/a:1'),
    withImage('{{ .Values.image }}'),
  ],
  fails: [withImage('nginx'), withImage('nginx:latest'), withImage('registry.example.com:5000/a')],
});

const imageByTag = containerCheck({
  id: 'k8s-image-without-digest',
  title: 'Container image without digest',
  severity: 'low',
  reason:
    'Everyone who can push to the repository controls the workload, and the running image may differ from the scanned one.',
  fix: 'Add the digest: image: registry.example.com/app:1.2.3@sha256:…',
  reference: 'https://kubernetes.io/docs/concepts/containers/images/#image-names',
  *find(container) {
    const image = imageOf(container);
    if (image !== undefined && parseImageName(image).digest === undefined)
      yield seenInContainer(container, 'image', `names ${shown(image)} without a digest`, at(container.node, 'image'));
  },
  passes: [withImage(`nginx:1.27@sha256:${'a'.repeat(64)}`)],
  fails: [withImage('nginx:1.27'), withImage('nginx')],
});

/**
 * Whether a container runs as long as the pod; true also for a sidecar: an init container that
 * always restarts.
 */
function isLasting({ role, node }: Container): boolean {
  return role === 'container' || (role === 'init container' && textAt(node, 'restartPolicy') === 'Always');
}

const resourceChecks: KubernetesCheck[] = (
  [
    ['memory-limit', 'limits', 'memory', 'low', 'A memory leak affects all other workloads on the node.'],
    [
      'cpu-limit',
      'limits',
      'cpu',
      'negligible',
      'A miner or an endless loop takes all remaining CPU time of the node.',
    ],
    [
      'memory-request',
      'requests',
      'memory',
      'negligible',
      'The scheduler overloads nodes, and workloads without requests are killed first.',
    ],
    [
      'cpu-request',
      'requests',
      'cpu',
      'negligible',
      'The scheduler overloads nodes, and workloads without requests starve.',
    ],
  ] as const
).map(([stem, list, resource, severity, reason]) =>
  containerCheck({
    id: `k8s-no-${stem}`,
    title: `Container without ${resource === 'cpu' ? 'CPU' : resource} ${list === 'limits' ? 'limit' : 'request'}`,
    severity,
    reason,
    fix: `Set resources.${list}.${resource}.`,
    reference: 'https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/',
    *find(container) {
      if (container.role === 'ephemeral container') return;
      // A container without a request gets its limit as the request.
      const isSet =
        at(container.node, 'resources', list, resource) ??
        (list === 'requests' ? at(container.node, 'resources', 'limits', resource) : undefined);
      const ofPod = at(container.pod.spec, 'resources', list, resource);
      if (!isSet && !ofPod)
        yield seenInContainer(
          container,
          `resources.${list}.${resource}`,
          `has no ${resource} ${list === 'limits' ? 'limit' : 'request'}`,
        );
    },
    passes: [
      podExample({ container: `resources: { ${list}: { ${resource}: 1 } }` }),
      podExample({ container: 'resources: { limits: { cpu: 1, memory: 1Gi } }' }),
    ],
    fails: [podExample({}), deploymentExample({ container: `resources: { ${list}: {} }` })],
  }),
);

const probeChecks: KubernetesCheck[] = (
  [
    ['liveness', 'A hanging program is not restarted.'],
    ['readiness', 'Requests are routed to a program that is not ready.'],
  ] as const
).map(([kind, reason]) =>
  containerCheck({
    id: `k8s-no-${kind}-probe`,
    title: `Container without ${kind} probe`,
    severity: 'negligible',
    reason,
    fix: `Add a ${kind}Probe.`,
    reference: 'https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/',
    *find(container) {
      // Tasks that end by themselves need no probe.
      const isTask = ['Job', 'CronJob'].includes(container.pod.resource.kind);
      if (!isTask && isLasting(container) && !at(container.node, `${kind}Probe`))
        yield seenInContainer(container, `${kind}Probe`, `has no ${kind} probe`);
    },
    passes: [
      podExample({ container: `${kind}Probe: { tcpSocket: { port: 80 } }` }),
      deploymentExample({}),
      'apiVersion: batch/v1\nkind: Job\nmetadata: { name: a }\nspec: { template: { spec: { containers: [{ name: a, image: "a:1" }] } } }',
    ],
    fails: [podExample({}), deploymentExample({ container: 'restartPolicy: Always' })],
  }),
);

const writableRoot = containerCheck({
  id: 'k8s-writable-root-filesystem',
  title: 'Writable root filesystem (readOnlyRootFilesystem unset)',
  severity: 'low',
  reason: 'An attacker can store tools there and replace files that the program executes.',
  fix: 'Set securityContext.readOnlyRootFilesystem: true and mount an emptyDir for writable paths.',
  reference: 'NSA/CISA Kubernetes Hardening Guide 1.2, Immutable container file systems',
  *find(container) {
    const node = at(container.node, 'securityContext', 'readOnlyRootFilesystem');
    if (!isTrue(node))
      yield seenInContainer(container, 'securityContext.readOnlyRootFilesystem', 'may change its own files', node);
  },
  passes: [podExample({ container: 'securityContext: { readOnlyRootFilesystem: true }' })],
  fails: [podExample({}), deploymentExample({ container: 'securityContext: { readOnlyRootFilesystem: false }' })],
});

const serviceAccountToken = podCheck({
  id: 'k8s-service-account-token',
  title: 'Service account token mounted automatically',
  severity: 'low',
  reason: 'An attacker who compromises the program gets credentials of the cluster.',
  fix: 'Set automountServiceAccountToken: false, in the pod or in its service account, unless the program calls the API.',
  reference: 'CIS Kubernetes Benchmark 1.9, 5.1.6',
  *find(pod) {
    const node = at(pod.spec, 'automountServiceAccountToken');
    if (isFalse(node) || (!node && isFalse(accountSetting(pod)))) return;
    yield seenInPod(pod, 'automountServiceAccountToken', 'gets a token for the API', node);
  },
  passes: [
    podExample({ pod: 'automountServiceAccountToken: false' }),
    `apiVersion: v1\nkind: ServiceAccount\nmetadata: { name: app, namespace: shop }\nautomountServiceAccountToken: false\n---\n${podExample({ pod: 'serviceAccountName: app' })}`,
  ],
  fails: [
    podExample({}),
    deploymentExample({ pod: 'automountServiceAccountToken: true' }),
    `apiVersion: v1\nkind: ServiceAccount\nmetadata: { name: app, namespace: other }\nautomountServiceAccountToken: false\n---\n${podExample({ pod: 'serviceAccountName: app' })}`,
  ],
});

/**
 * `automountServiceAccountToken` of the pod's service account, if the account is in the same file.
 */
function accountSetting({ spec, resource }: Pod) {
  const name = textAt(spec, 'serviceAccountName') ?? textAt(spec, 'serviceAccount') ?? 'default';
  return at(resource.manifest.accounts.get(accountKey(resource.namespace, name)), 'automountServiceAccountToken');
}

const sharedProcesses = podCheck({
  id: 'k8s-shared-processes',
  title: 'Process namespace shared between containers',
  severity: 'low',
  reason: 'A compromised container can read environment variables and files of the others.',
  fix: 'Remove shareProcessNamespace.',
  reference: 'https://kubernetes.io/docs/tasks/configure-pod-container/share-process-namespace/',
  *find(pod) {
    const node = at(pod.spec, 'shareProcessNamespace');
    if (isTrue(node))
      yield seenInPod(pod, 'shareProcessNamespace', 'shares the process namespace between its containers', node);
  },
  passes: [podExample({}), podExample({ pod: 'shareProcessNamespace: false' })],
  fails: [podExample({ pod: 'shareProcessNamespace: true' })],
});

const loginPort = containerCheck({
  id: 'k8s-admin-port',
  title: 'Administration port opened by container',
  severity: 'medium',
  reason: 'A stolen or guessed key opens the container.',
  fix: 'Remove the port and its server; use kubectl exec or kubectl debug.',
  reference: 'CIS Docker Benchmark 1.6, 5.7',
  *find(container) {
    for (const port of itemsAt(container.node, 'ports')) {
      const node = at(port, 'containerPort');
      for (const { port: number, service } of adminPortsOf(String(numberAt(node) ?? ''))) {
        yield seenInContainer(
          container,
          'ports.containerPort',
          `listens on port ${number} (${service})`,
          node,
          String(number),
        );
      }
    }
  },
  passes: [podExample({ container: 'ports: [{ containerPort: 8080 }]' })],
  fails: [
    podExample({ container: 'ports: [{ containerPort: 22 }]' }),
    deploymentExample({ container: 'ports: [{ containerPort: 80 }, { containerPort: 2375 }]' }),
  ],
});

const defaultNamespace: KubernetesCheck = {
  id: 'k8s-default-namespace',
  title: 'Workload in default namespace',
  severity: 'negligible',
  reason: 'Permissions, quotas and policies apply per namespace, so workloads in one namespace share them.',
  fix: 'Use a separate namespace for each application.',
  reference: 'CIS Kubernetes Benchmark 1.9, 5.7.4',
  *find(resource) {
    if (!podOf(resource) || (resource.namespace ?? 'default') !== 'default') return;
    const seen = seenIn(
      resource,
      'metadata.namespace',
      `${resource.label} is in the default namespace`,
      at(resource.node, 'metadata', 'namespace'),
    );
    // Without a namespace in the file, the user who applies the file chooses one.
    yield resource.namespace === undefined ? { ...seen, confidence: 'possible' } : seen;
  },
  passes: [podExample({})],
  fails: [podExample({}).replace('shop', 'default'), podExample({}).replace('namespace: shop,', '')],
};

const systemNamespace: KubernetesCheck = {
  id: 'k8s-system-namespace',
  title: 'Workload in system namespace',
  severity: 'low',
  reason: 'Many policies exempt these namespaces, so attackers use them.',
  fix: 'Use a separate namespace for each application.',
  reference: 'https://attack.mitre.org/techniques/T1036/005/',
  *find(resource) {
    const isSystem = /^kube-(?:system|public|node-lease)$/.test(resource.namespace ?? '');
    if (isSystem && podOf(resource))
      yield seenIn(
        resource,
        'metadata.namespace',
        `${resource.label} is in a system namespace`,
        at(resource.node, 'metadata', 'namespace'),
      );
  },
  passes: [podExample({})],
  fails: [podExample({}).replace('shop', 'kube-system')],
};

/** Checks of every variable that a container gets as text. */
const environmentChecks: KubernetesCheck[] = environmentRules.map(environmentCheck);

function environmentCheck({ stem, evaluate, passes, fails, ...info }: EnvironmentRule): KubernetesCheck {
  return containerCheck({
    ...info,
    id: `k8s-${stem}`,
    *find(container) {
      for (const variable of itemsAt(container.node, 'env')) {
        const name = textAt(variable, 'name') ?? '';
        const what = evaluate({ name, value: textAt(variable, 'value') ?? '' });
        if (what !== undefined)
          yield seenInContainer(
            container,
            'env',
            `has the variable ${shown(name, 100)}, which ${what}`,
            at(variable, 'value'),
            shown(name, 100),
          );
      }
    },
    passes: [
      ...passes.map(withVariable),
      podExample({
        container: 'env: [{ name: DB_PASSWORD, valueFrom: { secretKeyRef: { name: db, key: password } } }]',
      }),
    ],
    fails: fails.map(withVariable),
  });
}

function withVariable(text: string): string {
  const equals = text.indexOf('=');
  return podExample({
    container: `env: [{ name: ${text.slice(0, equals)}, value: ${JSON.stringify(text.slice(equals + 1))} }]`,
  });
}

export const workloadChecks: readonly KubernetesCheck[] = [
  defaultNamespace,
  imageByTag,
  latestImage,
  loginPort,
  serviceAccountToken,
  sharedProcesses,
  systemNamespace,
  writableRoot,
  ...environmentChecks,
  ...probeChecks,
  ...resourceChecks,
];
