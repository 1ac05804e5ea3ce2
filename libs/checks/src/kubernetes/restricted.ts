import { addedCapabilities, dropsAll } from './baseline.js';
import { at, isFalse, isTrue, textAt } from './fields.js';
import {
  containerCheck,
  contextOf,
  deploymentExample,
  podCheck,
  podExample,
  seenInContainer,
  seenInPod,
} from './pod.js';
import type { KubernetesCheck } from './resource.js';

const reference = (control: string) =>
  `https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted (${control})`;

const privilegeEscalation = containerCheck({
  id: 'k8s-privilege-escalation',
  title: 'Privilege escalation allowed (allowPrivilegeEscalation)',
  severity: 'medium',
  reason: 'Setuid programs in the image can make an unprivileged user root.',
  fix: 'Set securityContext.allowPrivilegeEscalation: false.',
  reference: reference('Privilege Escalation'),
  *find(container) {
    const node = at(container.node, 'securityContext', 'allowPrivilegeEscalation');
    if (!container.pod.isWindows && !isFalse(node))
      yield seenInContainer(container, 'securityContext.allowPrivilegeEscalation', 'allows privilege escalation', node);
  },
  passes: [
    podExample({ container: 'securityContext: { allowPrivilegeEscalation: false }' }),
    podExample({ pod: 'os: { name: windows }' }),
  ],
  fails: [podExample({}), deploymentExample({ container: 'securityContext: { allowPrivilegeEscalation: true }' })],
});

const runAsNonRoot = containerCheck({
  id: 'k8s-run-as-non-root',
  title: 'Container may run as root (runAsNonRoot unset)',
  severity: 'medium',
  reason: 'The image may run as root, now or after its next build.',
  fix: 'Set securityContext.runAsNonRoot: true in the pod.',
  reference: reference('Running as Non-root'),
  *find(container) {
    const node = contextOf(container, 'runAsNonRoot');
    if (!isTrue(node)) yield seenInContainer(container, 'securityContext.runAsNonRoot', 'may run as root', node);
  },
  passes: [
    podExample({ pod: 'securityContext: { runAsNonRoot: true }' }),
    deploymentExample({ container: 'securityContext: { runAsNonRoot: true }' }),
  ],
  fails: [
    podExample({}),
    podExample({
      pod: 'securityContext: { runAsNonRoot: true }',
      container: 'securityContext: { runAsNonRoot: false }',
    }),
  ],
});

const rootUser = podCheck({
  id: 'k8s-root-user',
  title: 'Container runs as root (runAsUser 0)',
  severity: 'high',
  reason:
    'An attacker who compromises the program is root in the container, one kernel or runtime vulnerability away from the node.',
  fix: 'Set runAsUser to another number, or remove it.',
  reference: reference('Running as Non-root user'),
  *find(pod) {
    const own = at(pod.spec, 'securityContext', 'runAsUser');
    if (textAt(own) === '0') yield seenInPod(pod, 'securityContext.runAsUser', 'runs as root', own);
    for (const container of pod.containers) {
      const node = at(container.node, 'securityContext', 'runAsUser');
      if (textAt(node) === '0') yield seenInContainer(container, 'securityContext.runAsUser', 'runs as root', node);
    }
  },
  passes: [podExample({}), podExample({ pod: 'securityContext: { runAsUser: 1000 }' })],
  fails: [
    podExample({ pod: 'securityContext: { runAsUser: 0 }' }),
    deploymentExample({ container: 'securityContext: { runAsUser: 0 }' }),
  ],
});

const noSeccomp = containerCheck({
  id: 'k8s-no-seccomp',
  title: 'Container without seccomp profile',
  severity: 'low',
  reason: 'Unless the node sets a default, every system call is available to exploit the kernel.',
  fix: 'Set securityContext.seccompProfile: { type: RuntimeDefault } in the pod.',
  reference: reference('Seccomp'),
  *find(container) {
    const type = textAt(contextOf(container, 'seccompProfile', 'type'));
    if (type === undefined && !container.pod.isWindows)
      yield seenInContainer(container, 'securityContext.seccompProfile', 'has no seccomp profile');
  },
  passes: [
    podExample({ pod: 'securityContext: { seccompProfile: { type: RuntimeDefault } }' }),
    podExample({ container: 'securityContext: { seccompProfile: { type: Localhost } }' }),
  ],
  fails: [podExample({}), deploymentExample({})],
});

const keptCapabilities = containerCheck({
  id: 'k8s-kept-capabilities',
  title: 'Default capabilities not dropped',
  severity: 'low',
  reason: 'Programs on a high port need none of them; each extends the attack surface.',
  fix: 'Set securityContext.capabilities.drop: [ALL] and add the needed ones.',
  reference: reference('Capabilities'),
  *find(container) {
    if (!dropsAll(container) && !container.pod.isWindows)
      yield seenInContainer(
        container,
        'securityContext.capabilities.drop',
        'does not drop all capabilities',
        at(container.node, 'securityContext', 'capabilities', 'drop'),
      );
  },
  passes: [
    podExample({ container: 'securityContext: { capabilities: { drop: [ALL] } }' }),
    podExample({ container: 'securityContext: { capabilities: { drop: [all] } }' }),
  ],
  fails: [podExample({}), podExample({ container: 'securityContext: { capabilities: { drop: [NET_RAW] } }' })],
});

const restrictedCapability = containerCheck({
  id: 'k8s-restricted-capability',
  title: 'Capability other than NET_BIND_SERVICE added',
  severity: 'low',
  reason: 'The restricted level allows one capability; others allow changing file owners, users or devices.',
  fix: 'Remove it.',
  reference: reference('Capabilities'),
  *find(container) {
    for (const { name, node } of addedCapabilities(container)) {
      if (name !== 'NET_BIND_SERVICE')
        yield seenInContainer(container, 'securityContext.capabilities.add', `adds ${name}`, node, name);
    }
  },
  passes: [
    podExample({ container: 'securityContext: { capabilities: { add: [NET_BIND_SERVICE] } }' }),
    podExample({ container: 'securityContext: { capabilities: { add: [CAP_NET_BIND_SERVICE] } }' }),
  ],
  fails: [podExample({ container: 'securityContext: { capabilities: { add: [CHOWN] } }' })],
});

/**
 * Controls of the restricted level beyond the baseline; its volume types are in `volumes.ts`.
 * @see https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
 */
export const restrictedChecks: readonly KubernetesCheck[] = [
  keptCapabilities,
  noSeccomp,
  privilegeEscalation,
  restrictedCapability,
  rootUser,
  runAsNonRoot,
];
