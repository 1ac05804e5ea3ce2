import { shown } from '../check.js';
import { isSensitivePath, runtimeSocketAt } from '../host-path.js';
import { at, entriesAt, isTrue, itemsAt, textAt, type Located } from './located.js';
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
  title: 'A pod mounts a path of its node',
  severity: 'medium',
  reason: 'Files of the node tell about other pods and may change what the node runs.',
  fix: 'Use a volume of another kind.',
  reference: `${standard}#baseline (HostPath Volumes)`,
  *find(pod) {
    for (const { path, node } of hostPathsOf(pod))
      yield seenInPod(pod, 'volumes.hostPath', `mounts ${shown(path)} of its node`, node, shown(path));
  },
  passes: [podExample({ pod: 'volumes: [{ name: a, emptyDir: {} }]' })],
  fails: [
    podExample({ pod: 'volumes: [{ name: a, hostPath: { path: /data } }]' }),
    deploymentExample({ pod: 'volumes: [{ name: a, hostPath: { path: /opt, type: Directory } }]' }),
  ],
});

const sensitiveHostPath = podCheck({
  id: 'k8s-sensitive-host-path',
  title: 'A pod mounts a directory of the system of its node',
  severity: 'high',
  reason: 'Keys of the node, files of other pods or the programs of the node come along.',
  fix: 'Mount the one file that is needed, read-only, or use a volume of another kind.',
  reference: 'https://attack.mitre.org/techniques/T1611/',
  *find(pod) {
    for (const { path, node } of hostPathsOf(pod)) {
      if (isSensitivePath(path))
        yield seenInPod(pod, 'volumes.hostPath', `mounts ${shown(path)} of its node`, node, shown(path));
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
  title: 'A pod mounts the socket of the container runtime',
  severity: 'critical',
  reason: 'Who may speak to that socket starts containers as root on the node.',
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
  title: 'A container may write to a path of its node',
  severity: 'high',
  reason: 'What it writes is there after the pod is gone, and the node or other pods may run it.',
  fix: 'Set readOnly: true at the mount.',
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
  return seenInContainer(container, 'volumeMounts', `may write to ${shown(path)} of its node`, mount, shown(path));
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
  title: 'A pod uses a kind of volume that only administrators should',
  severity: 'low',
  reason: 'Such volumes reach storage past the claims by which an administrator decides who gets what.',
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
  title: 'A persistent volume is a path of a node',
  severity: 'medium',
  reason: 'Every pod with a claim gets files of the node, past checks that look at pods alone.',
  fix: 'Use a storage driver, or local volumes with a path of their own.',
  reference: 'https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline (HostPath Volumes)',
  *find(resource) {
    const node = resource.kind === 'PersistentVolume' ? at(resource.node, 'spec', 'hostPath') : undefined;
    if (node)
      yield seenIn(
        resource,
        'spec.hostPath',
        `${resource.label} is ${shown(textAt(node, 'path') ?? '/')} of a node`,
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
