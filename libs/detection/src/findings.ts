/** What a finding of the detection is called, how telling it is, and what to do about it. */
export interface FindingWords {
  /** What an incident is called for it. */
  name: string;
  /** Of several, the greatest names the incident: what the attacker achieved before how. */
  rank: number;
  /** What to do, as an order; null where the finding only adds to others. */
  advice: string | null;
}

const isolate =
  'Cut the workload off the network, keep its container for evidence, and start it anew from an image that you trust.';
const rotate = 'Rotate every secret that the workload can read, and look for their use.';

/** Words of our own rules. A rule of a user may use these, too; others are taken as they are. */
export const findingWords: ReadonlyMap<string, FindingWords> = new Map<string, FindingWords>([
  [
    'container-escape',
    {
      name: 'Container escape',
      rank: 100,
      advice:
        'Drain the node and rebuild it; treat its credentials and those of every pod on it as known to the attacker.',
    },
  ],
  [
    'host-exec-from-snapshot',
    { name: 'Container escape', rank: 99, advice: 'Look for what the program did on the node before you rebuild it.' },
  ],
  [
    'miner',
    {
      name: 'Cryptominer',
      rank: 96,
      advice: 'Stop the workload, then close the way by which it came in: a miner is rarely the only visitor.',
    },
  ],
  [
    'data-destruction',
    {
      name: 'Data destruction',
      rank: 95,
      advice: 'Take write access away from the identity, then restore from a backup that it cannot reach.',
    },
  ],
  [
    'leaked-secret-in-use',
    {
      name: 'Leaked key in use',
      rank: 94,
      advice:
        'Disable the key now, list everything that was done with it, and remove it from every layer of the image.',
    },
  ],
  ['malware', { name: 'Malware', rank: 93, advice: isolate }],
  ['web-shell', { name: 'Web shell', rank: 92, advice: isolate }],
  ['reverse-shell', { name: 'Reverse shell', rank: 90, advice: isolate }],
  [
    'dns-tunnel',
    { name: 'DNS tunnel', rank: 89, advice: 'Let pods ask the resolver of the cluster alone, and block the domain.' },
  ],
  [
    'new-egress-after-new-digest',
    { name: 'Tag hijack', rank: 88, advice: 'Roll back to the digest that the tag had before, and deploy by digest.' },
  ],
  ['entrypoint-changed', { name: 'Tag hijack', rank: 87, advice: 'Compare the two images: `tidewaiter diff`.' }],
  [
    'dependency-confusion',
    {
      name: 'Dependency confusion',
      rank: 86,
      advice: 'Pin the internal scope to the internal registry, and rebuild everything that was built since.',
    },
  ],
  [
    'install-script-egress',
    {
      name: 'Malicious install script',
      rank: 85,
      advice: 'Remove the package, and build without install scripts or without a network.',
    },
  ],
  [
    'short-lived-container',
    {
      name: 'Short-lived container',
      rank: 84,
      advice: 'Find out who made it: its pod is gone, its image and its requests are not.',
    },
  ],
  [
    'data-exfiltration',
    { name: 'Data exfiltration', rank: 83, advice: 'Block the destination, and find out what was sent.' },
  ],
  ['secret-exfiltration', { name: 'Secret exfiltration', rank: 82, advice: rotate }],
  [
    'package-content-mismatch',
    {
      name: 'Backdoored package',
      rank: 81,
      advice: 'Stop every workload that runs this layer, and rebuild from a base image whose packages verify.',
    },
  ],
  [
    'token-theft',
    {
      name: 'Stolen service account token',
      rank: 79,
      advice: 'Delete the pod, which ends its token, and look at what the service account did.',
    },
  ],
  [
    'cloud-credential-theft',
    {
      name: 'Stolen cloud credentials',
      rank: 79,
      advice: 'End the sessions of the role, and forbid pods to reach the metadata service.',
    },
  ],
  [
    'token-replay',
    {
      name: 'Stolen token in use',
      rank: 79,
      advice: 'Delete the pod, which ends its token, and look at what the service account did.',
    },
  ],
  ['lateral-movement', { name: 'Lateral movement', rank: 78, advice: isolate }],
  ['persistence', { name: 'Persistence', rank: 75, advice: 'Remove what was planted, and what planted it.' }],
  ['fileless', { name: 'Fileless execution', rank: 74, advice: isolate }],
  ['deleted-executable', { name: 'Deleted program runs', rank: 73, advice: isolate }],
  ['modified-executable', { name: 'Altered program', rank: 73, advice: isolate }],
  [
    'c2',
    {
      name: 'Command and control',
      rank: 72,
      advice: 'Block the destination for all workloads, and look for others that talk to it.',
    },
  ],
  [
    'backups-removed',
    {
      name: 'Removed backups',
      rank: 71,
      advice:
        'Restore the backups from where the identity cannot reach them, and expect an attempt to destroy or encrypt.',
    },
  ],
  [
    'upstream-content-mismatch',
    {
      name: 'Tampered tool',
      rank: 70,
      advice: 'Replace the tool by the published release, and rebuild what it built.',
    },
  ],
  [
    'agent-removed',
    {
      name: 'Security agent removed',
      rank: 70,
      advice: 'Restore the agent, and treat what happened meanwhile as unseen.',
    },
  ],
  [
    'protection-removed',
    {
      name: 'Removed protection',
      rank: 70,
      advice: 'Put the protection back, and look at what happened while it was gone.',
    },
  ],
  [
    'cluster-admin',
    { name: 'New cluster administrator', rank: 69, advice: 'Remove the binding, and look at what was done with it.' },
  ],
  [
    'drift-script',
    { name: 'Unknown script', rank: 69, advice: 'Find out how the script came there, and close that way.' },
  ],
  [
    'exploited-vulnerability',
    {
      name: 'Exploited vulnerability',
      rank: 68,
      advice: 'Update the package; until then take the workload off the public network.',
    },
  ],
  [
    'malicious-workload',
    {
      name: 'Malicious workload',
      rank: 67,
      advice: 'Delete the workload, and take the right to create it away from whoever did.',
    },
  ],
  ['drift', { name: 'Unknown program', rank: 66, advice: isolate }],
  ['flood', { name: 'Flood', rank: 66, advice: null }],
  ['brute-force', { name: 'Brute force', rank: 65, advice: 'Block the source, and look for a login that succeeded.' }],
  ['drift-library', { name: 'Unknown library', rank: 65, advice: isolate }],
  [
    'anonymous-admin',
    { name: 'Anonymous administration', rank: 64, advice: 'Remove the binding that lets `system:anonymous` in.' },
  ],
  [
    'runtime-socket',
    {
      name: 'Use of the container runtime',
      rank: 64,
      advice: 'Take the socket of the runtime away from the workload.',
    },
  ],
  ['ebpf-load', { name: 'eBPF program loaded', rank: 64, advice: null }],
  ['secrets-read', { name: 'Secrets read through the API', rank: 63, advice: rotate }],
  [
    'workload-by-application',
    {
      name: 'Workload made by an application',
      rank: 63,
      advice: 'Take the right to create workloads away from the service account.',
    },
  ],
  ['privilege-raise', { name: 'Raised privileges', rank: 63, advice: null }],
  [
    'db-spawned-shell',
    { name: 'Shell from a database', rank: 62, advice: 'Take the right to run programs away from the database role.' },
  ],
  ['server-spawned-shell', { name: 'Shell from a server', rank: 61, advice: isolate }],
  ['process-memory', { name: 'Memory of processes read', rank: 61, advice: rotate }],
  [
    'identity-misuse',
    {
      name: 'Misused identity',
      rank: 60,
      advice: 'Rotate the credentials of the identity, and bind it to where it belongs.',
    },
  ],
  [
    'cloud-metadata',
    {
      name: 'Cloud credentials asked for',
      rank: 60,
      advice: 'Forbid pods to reach the metadata service, and end the sessions of the role.',
    },
  ],
  [
    'webhook-added',
    {
      name: 'Admission webhook added',
      rank: 60,
      advice: 'Remove the webhook: it sees and changes everything that is created.',
    },
  ],
  ['kubelet-api', { name: 'Use of the kubelet', rank: 59, advice: null }],
  ['role-changed', { name: 'Changed role', rank: 59, advice: 'Undo the change of the role.' }],
  ['credential-read', { name: 'Credentials read', rank: 58, advice: rotate }],
  ['lookalike-account', { name: 'Lookalike account', rank: 58, advice: 'Remove the account.' }],
  ['account-created', { name: 'Account created', rank: 57, advice: 'Remove the account.' }],
  ['account-manipulated', { name: 'Account altered', rank: 57, advice: 'Remove the credentials that were added.' }],
  ['local-account', { name: 'Local account', rank: 57, advice: null }],
  ['attack-tool', { name: 'Attack tool', rank: 56, advice: null }],
  ['service-exposed', { name: 'Exposed service', rank: 54, advice: null }],
  [
    'same-tag-new-digest',
    { name: 'Tag hijack', rank: 52, advice: 'Deploy by digest, and let nobody overwrite released tags.' },
  ],
  ['credential-search', { name: 'Search for credentials', rank: 50, advice: null }],
  ['database-dump', { name: 'Database dump', rank: 50, advice: null }],
  ['data-staged', { name: 'Data gathered', rank: 49, advice: null }],
  ['build-on-host', { name: 'Image built on a host', rank: 48, advice: null }],
  ['install-script', { name: 'Install script', rank: 48, advice: null }],
  [
    'package-installed',
    {
      name: 'Package installed at run time',
      rank: 47,
      advice: 'Rebuild the image with the package if it is wanted; refuse package managers at run time.',
    },
  ],
  [
    'unsigned-image-running',
    { name: 'Unsigned image', rank: 46, advice: 'Refuse images that are not signed at admission.' },
  ],
  ['interactive-shell', { name: 'Interactive shell', rank: 46, advice: null }],
  [
    'new-egress-destination',
    { name: 'New destination', rank: 45, advice: 'Block the destination unless somebody knows it.' },
  ],
  ['port-forward', { name: 'Port forward', rank: 45, advice: null }],
  [
    'evidence-removal',
    { name: 'Removed traces', rank: 44, advice: 'Keep audit logs where the cluster cannot delete them.' },
  ],
  ['encoded-command', { name: 'Encoded command', rank: 44, advice: null }],
  ['scheduled-job', { name: 'Scheduled job', rank: 44, advice: null }],
  ['volume-anomaly', { name: 'Unusual volume', rank: 43, advice: null }],
  ['masquerade', { name: 'Masquerade', rank: 42, advice: null }],
  ['system-namespace', { name: 'Workload in a system namespace', rank: 42, advice: null }],
  ['dns-bypasses-cluster-resolver', { name: 'Foreign resolver', rank: 41, advice: null }],
  ['foreign-source-address', { name: 'Foreign address', rank: 40, advice: null }],
  ['first-seen-image', { name: 'Image never seen before', rank: 39, advice: null }],
  [
    'in-use-vulnerability',
    { name: 'Vulnerable package in use', rank: 38, advice: 'Update the package: it is not only there, it is used.' },
  ],
  ['image-replaced', { name: 'Image replaced', rank: 30, advice: null }],
  ['image-pushed', { name: 'Image pushed', rank: 30, advice: null }],
  ['download', { name: 'Download', rank: 30, advice: null }],
  ['api-server-access', { name: 'Use of the API server', rank: 30, advice: null }],
  ['cluster-exploration', { name: 'Exploration of the cluster', rank: 30, advice: null }],
  ['cloud-exploration', { name: 'Exploration of the cloud', rank: 30, advice: null }],
  ['egress-by-tool', { name: 'Connection by a tool', rank: 28, advice: null }],
  ['permission-discovery', { name: 'Permissions looked up', rank: 25, advice: null }],
  ['privileged', { name: 'Privileged container', rank: 20, advice: 'Run it without privileges, or not at all.' }],
  ['namespace-created', { name: 'Namespace created', rank: 20, advice: null }],
  [
    'image-secret',
    {
      name: 'Secret in an image',
      rank: 19,
      advice: 'Remove the secret from the build, and rebuild: deleting the file leaves it in its layer.',
    },
  ],
  ['unsigned-image', { name: 'Unsigned image', rank: 10, advice: null }],
  ['recon', { name: 'Reconnaissance', rank: 9, advice: null }],
  ['container-started', { name: 'Container started', rank: 5, advice: null }],
  ['pod-replaced', { name: 'Pod replaced', rank: 5, advice: null }],
  ['rollout', { name: 'Rollout', rank: 5, advice: null }],
]);

/** Of a word that only a rule knows. */
const unknownRank = 55;

export function wordsOf(finding: string): FindingWords {
  return findingWords.get(finding) ?? { name: sentenceCase(finding), rank: unknownRank, advice: null };
}

function sentenceCase(finding: string): string {
  const text = finding.replaceAll('-', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Findings by which a vulnerability of the image becomes the way in: a server that does what only an attacker asks of it. */
export const exploitationFindings: ReadonlySet<string> = new Set([
  'server-spawned-shell',
  'db-spawned-shell',
  'reverse-shell',
  'web-shell',
  'drift-script',
  'exploited-vulnerability',
]);
