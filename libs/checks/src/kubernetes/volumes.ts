import type { Located } from '@tidewaiter/yaml';

import { shown } from '../check.js';
import { isSensitivePath, runtimeSocketAt } from '../host-path.js';
import { at, entriesAt, isTrue, itemsAt, textAt } from './fields.js';
import {
  deploymentExample,
  podCheck,
  podExample,
  seenInContainer,
  seenInPod,
  type Container,
  type Pod,
} from './pod.js';
import { seenIn, type KubernetesCheck } from './resource.js';

interface HostPath {
  name: string;
  path: string;
  node: Located;
}

function hostPathsOf({ spec }: Pod): HostPath[] {
  return itemsAt(spec, 'volumes').flatMap((volume) => {
    const node = at(volume, 'hostPath');
    return node ? [{ name: textAt(volume, 'name') ?? '?', path: textAt(node, 'path') ?? '/', node }] : [];
  });
}

const standard = 'https://kubernetes.io/docs/concepts/security/pod-security-standards/';

const hostPath = podCheck({
  id: 'k8s-host-path',
  title: 'Host path mounted (hostPath)',
  severity: 'medium',
  reason: 'Files of the node reveal data of other pods and may control programs of the node.',
  fix: 'Use another volume type.',
  reference: `${standard}#baseline (HostPath Volumes)`,
  *find(pod) {
    for (const { path, node } of hostPathsOf(pod))
      yield seenInPod(pod, 'volumes.hostPath', `mounts host path ${shown(path)}`, node, shown(path));
  },
  passes: [podExample({ pod: 'volumes: [{ name: a, emptyDir: {} }]' })],
  fails: [
    podExample({ pod: 'volumes: [{ name: a, hostPath: { path: /data } }]' }),
    deploymentExample({ pod: 'volumes: [{ name: a, hostPath: { path: /opt, type: Directory } }]' }),
  ],
});

const sensitiveHostPath = podCheck({
  id: 'k8s-sensitive-host-path',
  title: 'Sensitive host path mounted (hostPath)',
  severity: 'high',
  reason: 'Exposes keys of the node, files of other pods or programs of the node.',
  fix: 'Mount only the needed file, read-only, or use another volume type.',
  reference: 'https://attack.mitre.org/techniques/T1611/',
  *find(pod) {
    for (const { path, node } of hostPathsOf(pod)) {
      if (isSensitivePath(path))
        yield seenInPod(pod, 'volumes.hostPath', `mounts host path ${shown(path)}`, node, shown(path));
    }
  },
  passes: [
    podExample({ pod: 'volumes: [{ name: a, hostPath: { path: /data } }]' }),
    podExample({ pod: 'volumes: [{ name: a, hostPath: { path: /etc/localtime } }]' }),
  ],
  fails: [
    podExample({ pod: 'volumes: [{ name: a, hostPath: { path: / } }]' }),
    podExample({ pod: 'volumes: [{ name: a, hostPath: { path: /etc/kubernetes/../kubernetes/ } }]' }),
    deploymentExample({ pod: 'volumes: [{ name: a, hostPath: { path: /var/lib/kubelet } }]' }),
  ],
});

const runtimeSocket = podCheck({
  id: 'k8s-runtime-socket',
  title: 'Container runtime socket mounted',
  severity: 'critical',
  reason: 'Access to that socket allows starting containers as root on the node.',
  fix: 'Remove the volume; build images with a daemonless builder and watch containers through the API.',
  reference: 'CIS Docker Benchmark 1.6, 5.32',
  *find(pod) {
    for (const { path, node } of hostPathsOf(pod)) {
      if (runtimeSocketAt(path))
        yield seenInPod(pod, 'volumes.hostPath', `mounts the runtime's socket ${shown(path)}`, node, shown(path));
    }
  },
  passes: [
    podExample({ pod: 'volumes: [{ name: a, hostPath: { path: /data/docker.sock.d } }]' }),
    podExample({ container: 'volumeMounts: [{ name: a, mountPath: /var/run/docker.sock }]' }),
  ],
  fails: [
    podExample({ pod: 'volumes: [{ name: a, hostPath: { path: /var/run/docker.sock } }]' }),
    podExample({ pod: 'volumes: [{ name: a, hostPath: { path: /run/docker.sock, type: Socket } }]' }),
    deploymentExample({ pod: 'volumes: [{ name: a, hostPath: { path: /run/containerd/containerd.sock } }]' }),
    podExample({ pod: 'volumes: [{ name: a, hostPath: { path: /var/run/crio/crio.sock } }]' }),
  ],
});

const writableHostPath = podCheck({
  id: 'k8s-writable-host-path',
  title: 'Writable host path mounted',
  severity: 'high',
  reason: 'Files it writes outlive the pod and may be executed by the node or other pods.',
  fix: 'Set readOnly: true on the mount.',
  reference: 'https://kubernetes.io/docs/concepts/storage/volumes/#hostpath',
  *find(pod) {
    const paths = new Map(hostPathsOf(pod).map(({ name, path }) => [name, path]));
    for (const container of pod.containers) {
      for (const mount of itemsAt(container.node, 'volumeMounts')) {
        const path = paths.get(textAt(mount, 'name') ?? '');
        if (path !== undefined && !isTrue(at(mount, 'readOnly'))) yield writable(container, path, mount);
      }
    }
  },
  passes: [
    podExample({
      pod: 'volumes: [{ name: a, hostPath: { path: /data } }]',
      container: 'volumeMounts: [{ name: a, mountPath: /a, readOnly: true }]',
    }),
    podExample({
      pod: 'volumes: [{ name: a, emptyDir: {} }]',
      container: 'volumeMounts: [{ name: a, mountPath: /a }]',
    }),
  ],
  fails: [
    podExample({
      pod: 'volumes: [{ name: a, hostPath: { path: /data } }]',
      container: 'volumeMounts: [{ name: a, mountPath: /a }]',
    }),
  ],
});

function writable(container: Container, path: string, mount: Located) {
  return seenInContainer(container, 'volumeMounts', `mounts host path ${shown(path)} writable`, mount, shown(path));
}

const allowedVolumes = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
]);

const volumeType = podCheck({
  id: 'k8s-volume-type',
  title: 'Volume type outside the restricted level',
  severity: 'low',
  reason: 'Such volumes bypass the claims through which administrators assign storage.',
  fix: 'Use a PersistentVolumeClaim.',
  reference: `${standard}#restricted (Volume Types)`,
  *find(pod) {
    for (const volume of itemsAt(pod.spec, 'volumes')) {
      const name = shown(textAt(volume, 'name') ?? '?', 70);
      for (const [kind, node] of entriesAt(volume)) {
        // Paths of the node have checks of their own.
        if (kind === 'name' || kind === 'hostPath' || allowedVolumes.has(kind)) continue;
        yield seenInPod(pod, `volumes.${shown(kind, 40)}`, `has a volume of the kind ${shown(kind, 40)}`, node, name);
      }
    }
  },
  passes: [
    podExample({
      pod: 'volumes: [{ name: a, secret: { secretName: a } }, { name: b, projected: {} }, { name: c, csi: { driver: d } }]',
    }),
  ],
  fails: [
    podExample({ pod: 'volumes: [{ name: a, nfs: { server: s, path: / } }]' }),
    deploymentExample({ pod: 'volumes: [{ name: a, gitRepo: { repository: r } }]' }),
  ],
});

const hostPathVolume: KubernetesCheck = {
  id: 'k8s-host-path-persistent-volume',
  title: 'Persistent volume with hostPath',
  severity: 'medium',
  reason: 'Every pod with a claim gets files of the node and bypasses checks of pods.',
  fix: 'Use a storage driver, or local volumes with a dedicated path.',
  reference: 'https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline (HostPath Volumes)',
  *find(resource) {
    const node = resource.kind === 'PersistentVolume' ? at(resource.node, 'spec', 'hostPath') : undefined;
    if (node)
      yield seenIn(
        resource,
        'spec.hostPath',
        `${resource.label} uses host path ${shown(textAt(node, 'path') ?? '/')}`,
        node,
      );
  },
  passes: ['apiVersion: v1\nkind: PersistentVolume\nmetadata: { name: a }\nspec: { csi: { driver: d } }'],
  fails: ['apiVersion: v1\nkind: PersistentVolume\nmetadata: { name: a }\nspec: { hostPath: { path: /data } }'],
};

export const volumeChecks: readonly KubernetesCheck[] = [
  hostPath,
  hostPathVolume,
  runtimeSocket,
  sensitiveHostPath,
  volumeType,
  writableHostPath,
];
