/** Capital I, digits, and letters of other alphabets, as the letters that they pass for. */
const confusable: Readonly<Record<string, string>> = {
  I: 'l',
  '1': 'l',
  '|': 'l',
  '!': 'l',
  '0': 'o',
  '5': 's',
  '3': 'e',
  '4': 'a',
  _: '-',
  '.': '-',
  а: 'a',
  с: 'c',
  е: 'e',
  і: 'i',
  ј: 'j',
  о: 'o',
  р: 'p',
  ѕ: 's',
  х: 'x',
  у: 'y',
  ο: 'o',
  ν: 'v',
  ι: 'i',
  ı: 'i',
  ɡ: 'g',
  '‐': '-',
  '‑': '-',
  '–': '-',
};

/** Accounts of the cluster itself, as Kubernetes and its usual parts call them. */
const systemNames: readonly string[] = [
  'attachdetach-controller',
  'bootstrap-signer',
  'certificate-controller',
  'clusterrole-aggregation-controller',
  'cronjob-controller',
  'daemon-set-controller',
  'deployment-controller',
  'disruption-controller',
  'endpoint-controller',
  'endpointslice-controller',
  'endpointslicemirroring-controller',
  'ephemeral-volume-controller',
  'expand-controller',
  'generic-garbage-collector',
  'horizontal-pod-autoscaler',
  'job-controller',
  'namespace-controller',
  'node-controller',
  'persistent-volume-binder',
  'pod-garbage-collector',
  'pv-protection-controller',
  'pvc-protection-controller',
  'replicaset-controller',
  'replication-controller',
  'resourcequota-controller',
  'root-ca-cert-publisher',
  'service-account-controller',
  'service-controller',
  'statefulset-controller',
  'token-cleaner',
  'ttl-controller',
  'ttl-after-finished-controller',
  'validatingadmissionpolicy-status-controller',
  'cloud-controller-manager',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kube-proxy',
  'kube-dns',
  'kube-system',
  'kubernetes-admin',
  'cluster-admin',
  'coredns',
  'metrics-server',
  'local-path-provisioner-service-account',
  'aws-node',
  'calico-node',
  'calico-kube-controllers',
  'cilium-operator',
  'ebs-csi-controller-sa',
  'konnectivity-agent',
  'node-problem-detector',
  'system:masters',
  'system:node-proxier',
  'system:kube-controller-manager',
  'system:kube-scheduler',
  'system:kube-proxy',
];

const exact = new Set(systemNames);

/** Two names of which a person takes one for the other have the same outline. */
const outlines = systemNames.map((name) => ({ name, outline: outlineOf(name) }));

/** Names are short; longer ones imitate nothing. */
const maxLength = 80;

/**
 * The system account that a name imitates: by letters that look alike, or by one letter more, less,
 * other or swapped. Null of what looks like none, and of the accounts themselves.
 */
export function lookalikeOf(name: string | null): string | null {
  if (name === null || name.length > maxLength || exact.has(name)) return null;
  const outline = outlineOf(name);
  return outlines.find((known) => isOneStepAway(known.outline, outline))?.name ?? null;
}

function outlineOf(name: string): string {
  const letters = Array.from(name.normalize('NFKC'), (letter) => confusable[letter] ?? letter.toLowerCase());
  return letters.join('').replaceAll('rn', 'm').replaceAll('vv', 'w').replaceAll('i', 'l');
}

/**
 * Equal, or apart by one letter that is added, left out, replaced, or swapped with its neighbour.
 */
function isOneStepAway(a: string, b: string): boolean {
  if (a === b) return true;
  if (Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start += 1;
  const rest = (text: string, from: number) => text.slice(from);
  return (
    rest(a, start + 1) === rest(b, start + 1) ||
    rest(a, start + 1) === rest(b, start) ||
    rest(a, start) === rest(b, start + 1) ||
    (a[start] === b[start + 1] && a[start + 1] === b[start] && rest(a, start + 2) === rest(b, start + 2))
  );
}
