/** Name, rank and advice of a detection finding. */
export interface FindingWords {
  /** Name of an incident with this finding. */
  name: string;
  /** Rank: of several findings, the one with the lowest names the incident. */
  rank: number;
  /** Recommended action; null where the finding only adds to others. */
  advice: string | null;
}

/** Findings that name incidents, the most significant first: goals of an attacker before means. */
const naming: readonly (readonly [finding: string, name: string])[] = [
  ['container-escape', 'Container escape'],
  ['host-exec-from-snapshot', 'Container escape'],
  ['miner', 'Cryptominer'],
  ['data-destruction', 'Data destruction'],
  ['leaked-secret-in-use', 'Leaked key in use'],
  ['malware', 'Malware'],
  ['web-shell', 'Web shell'],
  ['reverse-shell', 'Reverse shell'],
  ['dns-tunnel', 'DNS tunnel'],
  ['entrypoint-changed', 'Tag hijack'],
  ['release-tag-moved', 'Release tag moved'],
  ['same-revision-different-content', 'Altered build'],
  ['identity-missing', 'Signature missing'],
  ['identity-changed', 'Identity changed'],
  ['malicious-release', 'Malicious release of a dependency'],
  ['new-egress-after-new-digest', 'Changed release'],
  ['dependency-confusion', 'Dependency confusion'],
  ['install-script-egress', 'Malicious install script'],
  ['short-lived-container', 'Short-lived container'],
  ['token-replay', 'Stolen token in use'],
  ['token-theft', 'Stolen service account token'],
  ['cloud-credential-theft', 'Stolen cloud credentials'],
  ['data-exfiltration', 'Data exfiltration'],
  ['secret-exfiltration', 'Secret exfiltration'],
  ['package-content-mismatch', 'Backdoored package'],
  ['lateral-movement', 'Lateral movement'],
  ['cluster-admin', 'New cluster administrator'],
  ['workload-by-application', 'Workload made by an application'],
  ['runtime-socket', 'Use of the container runtime socket'],
  ['cloud-metadata', 'Cloud credentials from the metadata service'],
  ['kubelet-api', 'Use of the kubelet API'],
  ['secrets-read', 'Secrets read through the API'],
  ['persistence', 'Persistence'],
  ['fileless', 'Fileless execution in memory'],
  ['deleted-executable', 'Deleted program runs'],
  ['modified-executable', 'Altered program'],
  ['c2', 'Command and control'],
  ['backups-removed', 'Removed backups'],
  ['upstream-content-mismatch', 'Tampered tool'],
  ['agent-removed', 'Security agent removed'],
  ['protection-removed', 'Removed protection'],
  ['exploited-vulnerability', 'Exploited vulnerability'],
  ['drift-script', 'Unknown script'],
  ['malicious-workload', 'Malicious workload'],
  ['drift', 'Unknown program'],
  ['flood', 'Flood'],
  ['brute-force', 'Brute force'],
  ['drift-library', 'Unknown library'],
  ['anonymous-admin', 'Anonymous administration'],
  ['ebpf-load', 'eBPF program loaded'],
  ['privilege-raise', 'Raised privileges'],
  ['db-spawned-shell', 'Shell from a database'],
  ['server-spawned-shell', 'Shell from a server'],
  ['process-memory', 'Memory of processes read'],
  ['identity-misuse', 'Misused identity'],
  ['webhook-added', 'Admission webhook added'],
  ['role-changed', 'Changed role'],
  ['token-requested', 'Token of a service account requested'],
  ['credential-read', 'Credentials read'],
  ['lookalike-account', 'Lookalike account'],
  ['account-created', 'Account created'],
  ['account-manipulated', 'Account altered'],
  ['local-account', 'Local account'],
  ['attack-tool', 'Attack tool'],
];

/** Findings that only add to others, even to those that only a user's rule defines. */
const adding: readonly (readonly [finding: string, name: string])[] = [
  ['service-exposed', 'Exposed service'],
  ['same-tag-new-digest', 'Tag hijack'],
  ['credential-search', 'Search for credentials'],
  ['database-dump', 'Database dump'],
  ['sniffing', 'Sniffing'],
  ['data-staged', 'Data gathered'],
  ['build-on-host', 'Image built on a host'],
  ['install-script', 'Install script'],
  ['package-installed', 'Package installed at run time'],
  ['unsigned-image-running', 'Unsigned image'],
  ['interactive-shell', 'Interactive shell'],
  ['new-egress-destination', 'New destination'],
  ['port-forward', 'Port forward'],
  ['evidence-removal', 'Removed traces'],
  ['encoded-command', 'Encoded command'],
  ['scheduled-job', 'Scheduled job'],
  ['volume-anomaly', 'Unusual volume'],
  ['masquerade', 'Masquerade'],
  ['system-namespace', 'Workload in a system namespace'],
  ['dns-bypasses-cluster-resolver', 'Foreign resolver'],
  ['foreign-source-address', 'Foreign address'],
  ['first-seen-image', 'Image never seen before'],
  ['in-use-vulnerability', 'Vulnerable package in use'],
  ['image-replaced', 'Image replaced'],
  ['image-pushed', 'Image pushed'],
  ['download', 'Download'],
  ['api-server-access', 'Use of the API server'],
  ['cluster-exploration', 'Exploration of the cluster'],
  ['cloud-exploration', 'Exploration of the cloud'],
  ['egress-by-tool', 'Connection by a tool'],
  ['permission-discovery', 'Permissions looked up'],
  ['privileged', 'Privileged container'],
  ['namespace-created', 'Namespace created'],
  ['image-secret', 'Secret in an image'],
  ['unsigned-image', 'Unsigned image'],
  ['recon', 'Reconnaissance'],
  ['container-started', 'Container started'],
  ['pod-replaced', 'Pod replaced'],
  ['rollout', 'Rollout'],
];

const isolate =
  'Cut the workload off the network, keep its container for evidence, and start it anew from an image that you trust.';
const rotate = 'Rotate every secret that the workload can read, and look for their use.';

const advice: ReadonlyMap<string, string> = new Map([
  [
    'container-escape',
    'Drain the node and rebuild it; treat its credentials and those of every pod on it as known to the attacker.',
  ],
  ['host-exec-from-snapshot', 'Look for what the program did on the node before you rebuild it.'],
  ['miner', 'Stop the workload, then close the way by which it came in: a miner is rarely the only visitor.'],
  ['data-destruction', 'Take write access away from the identity, then restore from a backup that it cannot reach.'],
  [
    'leaked-secret-in-use',
    'Disable the key now, list everything that was done with it, and remove it from every layer of the image.',
  ],
  ['malware', isolate],
  ['web-shell', isolate],
  ['reverse-shell', isolate],
  ['dns-tunnel', 'Let pods ask the resolver of the cluster alone, and block the domain.'],
  ['new-egress-after-new-digest', 'Roll back to the digest that the tag had before, and deploy by digest.'],
  [
    'release-tag-moved',
    'Restore the tags to their earlier digests, rotate the registry credentials of the account that moved them, and deploy by digest.',
  ],
  [
    'same-revision-different-content',
    'Refuse the image at admission, build the revision again on a clean machine, and compare the files that differ.',
  ],
  ['identity-missing', 'Refuse the image at admission until its owner signs it, and find out who pushed it.'],
  [
    'identity-changed',
    'Ask the owner whether the account, key or builder was meant to change; if not, rotate its credentials.',
  ],
  ['entrypoint-changed', 'Compare the two images: `tidewaiter diff`.'],
  ['malicious-release', 'Roll back to the release before, and find out which dependency is new in it.'],
  [
    'dependency-confusion',
    'Pin the internal scope to the internal registry, and rebuild everything that was built since.',
  ],
  ['install-script-egress', 'Remove the package, and build without install scripts or without a network.'],
  ['token-replay', 'Delete the pod, which ends its token, and look at what the service account did.'],
  ['token-theft', 'Delete the pod, which ends its token, and look at what the service account did.'],
  ['cloud-credential-theft', 'End the sessions of the role, and forbid pods to reach the metadata service.'],
  ['short-lived-container', 'Find out who made it: its pod is gone, its image and its requests are not.'],
  ['data-exfiltration', 'Block the destination, and find out what was sent.'],
  ['secret-exfiltration', rotate],
  [
    'package-content-mismatch',
    'Stop every workload that runs this layer, and rebuild from a base image whose packages verify.',
  ],
  ['lateral-movement', isolate],
  ['persistence', 'Remove what was planted, and what planted it.'],
  ['fileless', isolate],
  ['deleted-executable', isolate],
  ['modified-executable', isolate],
  ['c2', 'Block the destination for all workloads, and look for others that talk to it.'],
  [
    'backups-removed',
    'Restore the backups from where the identity cannot reach them, and expect an attempt to destroy or encrypt.',
  ],
  ['upstream-content-mismatch', 'Replace the tool by the published release, and rebuild what it built.'],
  ['agent-removed', 'Restore the agent, and treat what happened meanwhile as unseen.'],
  ['protection-removed', 'Put the protection back, and look at what happened while it was gone.'],
  ['cluster-admin', 'Remove the binding, and look at what was done with it.'],
  ['drift-script', 'Find out how the script came there, and close that way.'],
  ['exploited-vulnerability', 'Update the package; until then take the workload off the public network.'],
  ['malicious-workload', 'Delete the workload, and take the right to create it away from whoever did.'],
  ['drift', isolate],
  ['brute-force', 'Block the source, and look for a login that succeeded.'],
  ['drift-library', isolate],
  ['anonymous-admin', 'Remove the binding that lets `system:anonymous` in.'],
  ['runtime-socket', 'Take the socket of the runtime away from the workload.'],
  ['secrets-read', rotate],
  ['workload-by-application', 'Take the right to create workloads away from the service account.'],
  ['db-spawned-shell', 'Take the right to run programs away from the database role.'],
  ['server-spawned-shell', isolate],
  ['process-memory', rotate],
  ['identity-misuse', 'Rotate the credentials of the identity, and bind it to where it belongs.'],
  ['cloud-metadata', 'Forbid pods to reach the metadata service, and end the sessions of the role.'],
  ['webhook-added', 'Remove the webhook: it sees and changes everything that is created.'],
  ['role-changed', 'Undo the change of the role.'],
  ['token-requested', 'Delete the service account, which ends its tokens, unless somebody knows the request.'],
  ['credential-read', rotate],
  ['lookalike-account', 'Remove the account.'],
  ['account-created', 'Remove the account.'],
  ['account-manipulated', 'Remove the credentials that were added.'],
  ['same-tag-new-digest', 'Deploy by digest, and let nobody overwrite released tags.'],
  ['package-installed', 'Rebuild the image with the package if it is wanted; refuse package managers at run time.'],
  ['unsigned-image-running', 'Refuse images that are not signed at admission.'],
  ['new-egress-destination', 'Block the destination unless somebody knows it.'],
  ['evidence-removal', 'Keep audit logs where the cluster cannot delete them.'],
  ['in-use-vulnerability', 'Update the package: it is not only there, it is used.'],
  ['privileged', 'Run it without privileges, or not at all.'],
  ['image-secret', 'Remove the secret from the build, and rebuild: deleting the file leaves it in its layer.'],
]);

const known: ReadonlyMap<string, FindingWords> = new Map([
  ...naming.map(([finding, name], index) => [finding, wordsAt(finding, name, index)] as const),
  ...adding.map(([finding, name], index) => [finding, wordsAt(finding, name, naming.length + 1 + index)] as const),
]);

function wordsAt(finding: string, name: string, rank: number): FindingWords {
  return { name, rank, advice: advice.get(finding) ?? null };
}

/** Rank of a title without a finding: the name of a rule, or a sensor's own text. */
export const unnamedRank = naming.length + 1 + adding.length;

/**
 * Returns the name, rank and advice of a finding. A finding that only a user's rule defines is
 * named by its id.
 */
export function wordsOf(finding: string): FindingWords {
  return known.get(finding) ?? { name: sentenceCase(finding), rank: naming.length, advice: null };
}

function sentenceCase(finding: string): string {
  const text = finding.replaceAll('-', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/**
 * Findings that make a vulnerability of the image the likely entry point: a server does something
 * that only an attacker makes it do.
 */
export const exploitationFindings: ReadonlySet<string> = new Set([
  'server-spawned-shell',
  'db-spawned-shell',
  'reverse-shell',
  'web-shell',
  'drift-script',
  'exploited-vulnerability',
]);
