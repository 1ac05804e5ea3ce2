import type { Located } from '@tidewaiter/yaml';

import { shown } from '../check.js';
import { at, entriesAt, isTrue, itemsAt, numberAt, textAt, textsAt } from './fields.js';
import { containerCheck, deploymentExample, podCheck, podExample, seenInContainer, seenInPod } from './pod.js';
import type { KubernetesCheck } from './resource.js';

const reference = (control: string) =>
  `https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline (${control})`;

const hostNamespaces = [
  {
    stem: 'network',
    key: 'hostNetwork',
    word: 'network',
    reason:
      'The pod sees the traffic of the node, reaches services on localhost and the metadata service, and bypasses network policies.',
  },
  {
    stem: 'pid',
    key: 'hostPID',
    word: 'processes',
    reason: 'The pod sees all processes of the node with their environment variables, and as root can enter them.',
  },
  {
    stem: 'ipc',
    key: 'hostIPC',
    word: 'shared memory',
    reason: 'The pod can read and change the shared memory of other processes on the node.',
  },
] as const;

const hostNamespaceChecks: KubernetesCheck[] = hostNamespaces.map(({ stem, key, word, reason }) =>
  podCheck({
    id: `k8s-host-${stem}`,
    title: `Host ${word} shared with pod (${key})`,
    severity: 'high',
    reason,
    fix: `Remove ${key}.`,
    reference: reference('Host Namespaces'),
    *find(pod) {
      const node = at(pod.spec, key);
      if (isTrue(node)) yield seenInPod(pod, key, `shares the host ${word}`, node);
    },
    passes: [podExample({}), podExample({ pod: `${key}: false` })],
    fails: [podExample({ pod: `${key}: true` }), deploymentExample({ pod: `${key}: yes` })],
  }),
);

const hostProcess = podCheck({
  id: 'k8s-host-process',
  title: 'Windows HostProcess pod',
  severity: 'high',
  reason: 'The pod has the privileges of the node itself.',
  fix: 'Remove windowsOptions.hostProcess.',
  reference: reference('HostProcess'),
  *find(pod) {
    const own = at(pod.spec, 'securityContext', 'windowsOptions', 'hostProcess');
    if (isTrue(own))
      yield seenInPod(pod, 'securityContext.windowsOptions.hostProcess', 'runs as a process of its node', own);
    for (const container of pod.containers) {
      const node = at(container.node, 'securityContext', 'windowsOptions', 'hostProcess');
      if (isTrue(node))
        yield seenInContainer(
          container,
          'securityContext.windowsOptions.hostProcess',
          'runs as a process of its node',
          node,
        );
    }
  },
  passes: [podExample({}), podExample({ pod: 'securityContext: { windowsOptions: { hostProcess: false } }' })],
  fails: [
    podExample({ pod: 'securityContext: { windowsOptions: { hostProcess: true } }' }),
    deploymentExample({ container: 'securityContext: { windowsOptions: { hostProcess: true } }' }),
  ],
});

const privileged = containerCheck({
  id: 'k8s-privileged',
  title: 'Privileged container',
  severity: 'critical',
  reason: 'It has all capabilities and all devices of the node: root in the container is root on the node.',
  fix: 'Remove privileged and add only the needed capability.',
  reference: reference('Privileged Containers'),
  *find(container) {
    const node = at(container.node, 'securityContext', 'privileged');
    if (isTrue(node)) yield seenInContainer(container, 'securityContext.privileged', 'is privileged', node);
  },
  passes: [
    podExample({}),
    podExample({ container: 'securityContext: { privileged: false }' }),
    'apiVersion: example.com/v1\nkind: Pod\nspec: { containers: [{ name: a, securityContext: { privileged: true } }] }',
  ],
  fails: [
    podExample({ container: 'securityContext: { privileged: true }' }),
    deploymentExample({ container: 'securityContext: { privileged: true }' }),
    podExample({ pod: 'ephemeralContainers: [{ name: e, image: a, securityContext: { privileged: on } }]' }),
  ],
});

/** Capabilities that a container has by default. */
const defaultCapabilities = new Set(
  'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT'.split(
    ' ',
  ),
);
/**
 * Capabilities with a known escape to the node. @see
 * https://man7.org/linux/man-pages/man7/capabilities.7.html
 */
const breakingCapabilities = new Set(
  'ALL BPF CHECKPOINT_RESTORE DAC_READ_SEARCH PERFMON SYS_ADMIN SYS_BOOT SYS_MODULE SYS_PTRACE SYS_RAWIO'.split(' '),
);

export interface AddedCapability {
  name: string;
  node: Located;
}

/** Capabilities that a container adds, in capitals and without `CAP_`. */
export function addedCapabilities(container: { node: Located }): AddedCapability[] {
  return itemsAt(container.node, 'securityContext', 'capabilities', 'add').flatMap((node) => {
    const name = textAt(node);
    return name === undefined ? [] : [{ name: shown(name.toUpperCase().replace(/^CAP_/, ''), 40), node }];
  });
}

const addedField = 'securityContext.capabilities.add';

const breakingCapability = containerCheck({
  id: 'k8s-breaking-capability',
  title: 'Capability that allows container escape',
  severity: 'critical',
  reason: 'With this capability, root in the container becomes root on the node.',
  fix: 'Remove it; isolate workloads that need it.',
  reference: reference('Capabilities'),
  *find(container) {
    for (const { name, node } of addedCapabilities(container)) {
      if (breakingCapabilities.has(name)) yield seenInContainer(container, addedField, `adds ${name}`, node, name);
    }
  },
  passes: [
    podExample({ container: 'securityContext: { capabilities: { drop: [ALL], add: [NET_BIND_SERVICE] } }' }),
    podExample({ container: 'securityContext: { capabilities: { add: [NET_ADMIN] } }' }),
  ],
  fails: [
    podExample({ container: 'securityContext: { capabilities: { add: [SYS_ADMIN] } }' }),
    deploymentExample({ container: 'securityContext: { capabilities: { add: ["cap_sys_ptrace"] } }' }),
    podExample({ container: 'securityContext: { capabilities: { add: [ALL] } }' }),
  ],
});

const addedCapability = containerCheck({
  id: 'k8s-added-capability',
  title: 'Capability added beyond the default set',
  severity: 'high',
  reason: 'Programs in containers need the default capabilities at most; others reach shared parts of the kernel.',
  fix: 'Remove it, or document why it is needed.',
  reference: reference('Capabilities'),
  *find(container) {
    for (const { name, node } of addedCapabilities(container)) {
      if (!defaultCapabilities.has(name) && !breakingCapabilities.has(name))
        yield seenInContainer(container, addedField, `adds ${name}`, node, name);
    }
  },
  passes: [
    podExample({ container: 'securityContext: { capabilities: { add: [CHOWN, KILL] } }' }),
    podExample({ container: 'securityContext: { capabilities: { drop: [NET_RAW] } }' }),
  ],
  fails: [
    podExample({ container: 'securityContext: { capabilities: { add: [NET_ADMIN] } }' }),
    podExample({ container: 'securityContext: { capabilities: { add: [NET_RAW] } }' }),
  ],
});

const hostPort = containerCheck({
  id: 'k8s-host-port',
  title: 'Host port used by container (hostPort)',
  severity: 'medium',
  reason:
    'Clients reach the program through the node, bypassing services and network policies, and only one replica fits on a node.',
  fix: 'Use a Service instead.',
  reference: reference('Host Ports'),
  *find(container) {
    for (const port of itemsAt(container.node, 'ports')) {
      const number = numberAt(port, 'hostPort') ?? 0;
      if (number !== 0)
        yield seenInContainer(
          container,
          'ports.hostPort',
          `uses host port ${number}`,
          at(port, 'hostPort'),
          String(number),
        );
    }
  },
  passes: [podExample({ container: 'ports: [{ containerPort: 80 }, { containerPort: 81, hostPort: 0 }]' })],
  fails: [
    podExample({ container: 'ports: [{ containerPort: 80, hostPort: 80 }]' }),
    deploymentExample({ container: 'ports: [{ containerPort: 80 }, { containerPort: 8080, hostPort: 9000 }]' }),
  ],
});

const probes = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const;

const probeHost = containerCheck({
  id: 'k8s-probe-host',
  title: 'Probe or lifecycle hook with foreign host',
  severity: 'medium',
  reason:
    'The kubelet makes the request, so the pod reaches addresses through the node that it cannot reach itself (SSRF).',
  fix: 'Remove host from the probe or hook.',
  reference: reference('Host Probes / Lifecycle Hooks'),
  *find(container) {
    const handlers: [string, Located | undefined][] = [
      ...probes.map((name): [string, Located | undefined] => [name, at(container.node, name)]),
      ['lifecycle.postStart', at(container.node, 'lifecycle', 'postStart')],
      ['lifecycle.preStop', at(container.node, 'lifecycle', 'preStop')],
    ];
    for (const [name, handler] of handlers) {
      for (const kind of ['httpGet', 'tcpSocket']) {
        const host = textAt(handler, kind, 'host') ?? '';
        if (host !== '')
          yield seenInContainer(
            container,
            `${name}.${kind}.host`,
            `has a ${name} that calls ${shown(host, 100)}`,
            at(handler, kind, 'host'),
          );
      }
    }
  },
  passes: [
    podExample({ container: 'livenessProbe: { httpGet: { path: /, port: 80 } }' }),
    podExample({ container: 'livenessProbe: { httpGet: { path: /, port: 80, host: "" } }' }),
  ],
  fails: [
    podExample({ container: 'livenessProbe: { httpGet: { path: /, port: 80, host: 169.254.169.254 } }' }),
    podExample({ container: 'lifecycle: { preStop: { tcpSocket: { port: 80, host: db } } }' }),
  ],
});

const appArmor = podCheck({
  id: 'k8s-apparmor-off',
  title: 'AppArmor profile disabled (unconfined)',
  severity: 'medium',
  reason: 'The default profile blocks parts of the kernel that containers do not need.',
  fix: 'Remove the setting, or use RuntimeDefault or a custom profile.',
  reference: reference('AppArmor'),
  *find(pod) {
    const isBad = (type: string | undefined) => type !== undefined && type !== 'RuntimeDefault' && type !== 'Localhost';
    const own = at(pod.spec, 'securityContext', 'appArmorProfile', 'type');
    if (isBad(textAt(own)))
      yield seenInPod(pod, 'securityContext.appArmorProfile.type', `sets AppArmor to ${shown(textAt(own)!, 40)}`, own);
    for (const container of pod.containers) {
      const node = at(container.node, 'securityContext', 'appArmorProfile', 'type');
      if (isBad(textAt(node)))
        yield seenInContainer(
          container,
          'securityContext.appArmorProfile.type',
          `sets AppArmor to ${shown(textAt(node)!, 40)}`,
          node,
        );
    }
    for (const [key, node] of entriesAt(pod.metadata, 'annotations')) {
      const value = textAt(node) ?? '';
      if (
        key.startsWith('container.apparmor.security.beta.kubernetes.io/') &&
        value !== '' &&
        !/^(?:runtime\/default$|localhost\/)/.test(value)
      ) {
        yield seenInPod(pod, 'metadata.annotations', `sets AppArmor to ${shown(value, 40)}`, node, shown(key));
      }
    }
  },
  passes: [
    podExample({}),
    podExample({ pod: 'securityContext: { appArmorProfile: { type: RuntimeDefault } }' }),
    podExample({ metadata: 'annotations: { container.apparmor.security.beta.kubernetes.io/app: localhost/mine }' }),
  ],
  fails: [
    podExample({ pod: 'securityContext: { appArmorProfile: { type: Unconfined } }' }),
    podExample({ container: 'securityContext: { appArmorProfile: { type: Unconfined } }' }),
    podExample({ metadata: 'annotations: { container.apparmor.security.beta.kubernetes.io/app: unconfined }' }),
  ],
});

const seLinuxTypes = new Set(['', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t']);

const seLinux = podCheck({
  id: 'k8s-selinux-options',
  title: 'Custom SELinux options of pod',
  severity: 'medium',
  reason: 'Another type, user or role removes the container from the default confinement.',
  fix: 'Remove seLinuxOptions, or use a container type.',
  reference: reference('SELinux'),
  *find(pod) {
    const isBad = (options: Located | undefined) =>
      !seLinuxTypes.has(textAt(options, 'type') ?? '') ||
      (textAt(options, 'user') ?? '') !== '' ||
      (textAt(options, 'role') ?? '') !== '';
    const own = at(pod.spec, 'securityContext', 'seLinuxOptions');
    if (isBad(own)) yield seenInPod(pod, 'securityContext.seLinuxOptions', 'sets custom SELinux options', own);
    for (const container of pod.containers) {
      const node = at(container.node, 'securityContext', 'seLinuxOptions');
      if (isBad(node))
        yield seenInContainer(container, 'securityContext.seLinuxOptions', 'sets custom SELinux options', node);
    }
  },
  passes: [
    podExample({ pod: 'securityContext: { seLinuxOptions: { type: container_t, level: "s0:c1" } }' }),
    podExample({}),
  ],
  fails: [
    podExample({ pod: 'securityContext: { seLinuxOptions: { type: spc_t } }' }),
    deploymentExample({ container: 'securityContext: { seLinuxOptions: { user: root } }' }),
    podExample({ container: 'securityContext: { seLinuxOptions: { role: sysadm_r } }' }),
  ],
});

const procMount = containerCheck({
  id: 'k8s-proc-mount',
  title: 'Unmasked /proc (procMount)',
  severity: 'high',
  reason: 'The masked files expose kernel internals and let root change them.',
  fix: 'Remove procMount.',
  reference: reference('/proc Mount Type'),
  *find(container) {
    const node = at(container.node, 'securityContext', 'procMount');
    const value = textAt(node) ?? 'Default';
    if (value !== 'Default')
      yield seenInContainer(container, 'securityContext.procMount', `has procMount ${shown(value, 40)}`, node);
  },
  passes: [podExample({ container: 'securityContext: { procMount: Default }' }), podExample({})],
  fails: [podExample({ container: 'securityContext: { procMount: Unmasked }' })],
});

const seccompOff = podCheck({
  id: 'k8s-seccomp-off',
  title: 'Seccomp profile disabled (unconfined)',
  severity: 'high',
  reason: 'Without the filter, every system call is available to exploit the kernel.',
  fix: 'Use seccompProfile: { type: RuntimeDefault }.',
  reference: reference('Seccomp'),
  *find(pod) {
    const own = at(pod.spec, 'securityContext', 'seccompProfile', 'type');
    if (textAt(own) === 'Unconfined')
      yield seenInPod(pod, 'securityContext.seccompProfile.type', 'switches seccomp off', own);
    for (const container of pod.containers) {
      const node = at(container.node, 'securityContext', 'seccompProfile', 'type');
      if (textAt(node) === 'Unconfined')
        yield seenInContainer(container, 'securityContext.seccompProfile.type', 'switches seccomp off', node);
    }
    for (const [key, node] of entriesAt(pod.metadata, 'annotations')) {
      if (/^(?:container\.)?seccomp\.security\.alpha\.kubernetes\.io\//.test(key) && textAt(node) === 'unconfined') {
        yield seenInPod(pod, 'metadata.annotations', 'switches seccomp off', node, shown(key));
      }
    }
  },
  passes: [
    podExample({}),
    podExample({ pod: 'securityContext: { seccompProfile: { type: RuntimeDefault } }' }),
    podExample({ container: 'securityContext: { seccompProfile: { type: Localhost, localhostProfile: a.json } }' }),
  ],
  fails: [
    podExample({ pod: 'securityContext: { seccompProfile: { type: Unconfined } }' }),
    deploymentExample({ container: 'securityContext: { seccompProfile: { type: Unconfined } }' }),
    podExample({ metadata: 'annotations: { seccomp.security.alpha.kubernetes.io/pod: unconfined }' }),
  ],
});

const safeSysctls = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ping_group_range',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_syncookies',
]);

const unsafeSysctl = podCheck({
  id: 'k8s-unsafe-sysctl',
  title: 'Unsafe sysctl set by pod',
  severity: 'high',
  reason: 'Sysctls without namespaces affect every other pod of the node.',
  fix: 'Remove it, or set it on nodes dedicated to this pod.',
  reference: reference('Sysctls'),
  *find(pod) {
    for (const sysctl of itemsAt(pod.spec, 'securityContext', 'sysctls')) {
      const name = textAt(sysctl, 'name')?.replaceAll('/', '.') ?? '';
      if (!safeSysctls.has(name))
        yield seenInPod(pod, 'securityContext.sysctls', `sets ${shown(name, 100)}`, sysctl, shown(name, 100));
    }
  },
  passes: [
    podExample({ pod: 'securityContext: { sysctls: [{ name: net.ipv4.tcp_syncookies, value: "1" }] }' }),
    podExample({}),
  ],
  fails: [
    podExample({ pod: 'securityContext: { sysctls: [{ name: kernel.msgmax, value: "65536" }] }' }),
    deploymentExample({ pod: 'securityContext: { sysctls: [{ name: net/core/somaxconn, value: "1" }] }' }),
  ],
});

/**
 * Controls of the baseline level; host paths are in `volumes.ts`. @see
 * https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
 */
export const baselineChecks: readonly KubernetesCheck[] = [
  ...hostNamespaceChecks,
  addedCapability,
  appArmor,
  breakingCapability,
  hostPort,
  hostProcess,
  privileged,
  probeHost,
  procMount,
  seLinux,
  seccompOff,
  unsafeSysctl,
];

/** Whether a container drops all capabilities. */
export function dropsAll(container: { node: Located }): boolean {
  return textsAt(container.node, 'securityContext', 'capabilities', 'drop').some((name) =>
    /^(?:cap_)?all$/i.test(name),
  );
}
