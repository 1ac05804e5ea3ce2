/** Sockets of container runtimes; write access to one is root on the host. */
const sockets = new Set([
  'run/docker.sock',
  'run/containerd/containerd.sock',
  'run/crio/crio.sock',
  'run/cri-dockerd.sock',
  'run/dockershim.sock',
  'run/podman/podman.sock',
  'run/k3s/containerd/containerd.sock',
  'run/buildkit/buildkitd.sock',
  'run/snapd.sock',
]);

/** Directories that expose the whole host, its keys or its other containers. */
const sensitive = new Set(
  (
    '/ boot dev etc etc/cron.d etc/kubernetes etc/kubernetes/manifests etc/kubernetes/pki etc/shadow etc/ssh etc/sudoers.d etc/systemd ' +
    'home lib lib64 bin sbin proc root root/.ssh root/.kube root/.docker run sys usr usr/bin usr/lib usr/sbin var var/lib var/lib/containerd var/lib/docker ' +
    'var/lib/etcd var/lib/kubelet var/lib/kubelet/pki var/lib/kubelet/pods var/lib/rancher var/log var/spool/cron'
  ).split(' '),
);

/**
 * Normalizes a path: without leading and closing slashes, `.` and `..`, with `/var/run` as `/run`.
 */
function normalized(path: string): string {
  const parts: string[] = [];
  for (const part of path.slice(0, 4096).split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  const plain = parts.join('/');
  return plain === '' ? '/' : plain.replace(/^var\/run(?=\/|$)/, 'run');
}

/** Whether the path is the socket of a container runtime. */
export function runtimeSocketAt(path: string): boolean {
  return sockets.has(normalized(path));
}

/** Whether the path is a directory of the system. */
export function isSensitivePath(path: string): boolean {
  return sensitive.has(normalized(path));
}
