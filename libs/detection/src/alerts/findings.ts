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
  ['build-tamper', 'Tampered build'],
  ['runner-memory', 'Memory of pipeline runner read'],
  ['container-escape', 'Container escape'],
  ['host-exec-from-snapshot', 'Container escape'],
  ['miner', 'Cryptominer'],
  ['proxyware', 'Proxyware'],
  ['data-destruction', 'Data destruction'],
  ['leaked-secret-in-use', 'Leaked key in use'],
  ['malware', 'Malware'],
  ['in-use-malware', 'Malicious package in use'],
  ['web-shell', 'Web shell'],
  ['reverse-shell', 'Reverse shell'],
  ['dns-tunnel', 'DNS tunnel'],
  ['entrypoint-changed', 'Tag hijack'],
  ['release-tag-moved', 'Release tag moved'],
  ['same-revision-different-content', 'Altered build'],
  ['identity-missing', 'Signature missing'],
  ['identity-changed', 'Identity changed'],
  ['malicious-release', 'Malicious dependency release'],
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
  ['workload-by-application', 'Workload created by application identity'],
  ['runtime-socket', 'Container runtime socket access'],
  ['cloud-metadata', 'Cloud metadata service access'],
  ['kubelet-api', 'Kubelet API access'],
  ['secrets-read', 'Secrets read through the API'],
  ['host-persistence', 'Persistence on the node'],
  ['kernel-module', 'Kernel module loaded'],
  ['persistence', 'Persistence'],
  ['fileless', 'Fileless execution in memory'],
  ['deleted-executable', 'Deleted executable running'],
  ['modified-executable', 'Modified executable'],
  ['c2', 'Command and control'],
  ['backups-removed', 'Backups removed'],
  ['upstream-content-mismatch', 'Tampered third-party tool'],
  ['agent-removed', 'Security agent removed'],
  ['protection-removed', 'Defenses impaired'],
  ['worm', 'Worm'],
  ['exploited-vulnerability', 'Exploited vulnerability'],
  ['drift-script', 'Dropped script'],
  ['malicious-workload', 'Malicious workload'],
  ['drift', 'Dropped executable'],
  ['flood', 'Network flood'],
  ['brute-force', 'Brute force'],
  ['drift-library', 'Dropped library'],
  ['anonymous-admin', 'Anonymous cluster access'],
  ['ebpf-load', 'eBPF program loaded'],
  ['privilege-raise', 'Privilege escalation'],
  ['db-spawned-shell', 'Database-spawned shell'],
  ['server-spawned-shell', 'Server-spawned shell'],
  ['process-memory', 'Process memory access'],
  ['identity-misuse', 'Identity misuse'],
  ['webhook-added', 'Admission webhook added'],
  ['hidden-object', 'Oversized workload'],
  ['role-changed', 'Role changed'],
  ['token-requested', 'Service account token requested'],
  ['credential-read', 'Credentials read'],
  ['lookalike-account', 'Lookalike account'],
  ['account-created', 'Account created'],
  ['account-manipulated', 'Account manipulation'],
  ['local-account', 'Local account'],
  ['attack-tool', 'Attack tool'],
];

/** Findings that only add to others, even to those that only a user's rule defines. */
const adding: readonly (readonly [finding: string, name: string])[] = [
  ['service-exposed', 'Exposed service'],
  ['same-tag-new-digest', 'Tag hijack'],
  ['credential-search', 'Credential search'],
  ['database-dump', 'Database dump'],
  ['sniffing', 'Network sniffing'],
  ['data-staged', 'Data staged'],
  ['build-on-host', 'Image built on host'],
  ['install-script', 'Install script'],
  ['package-installed', 'Package installed at run time'],
  ['unsigned-image-running', 'Unsigned image'],
  ['interactive-shell', 'Interactive shell'],
  ['new-egress-destination', 'New destination'],
  ['port-forward', 'Port forward'],
  ['evidence-removal', 'Evidence removal'],
  ['encoded-command', 'Encoded command'],
  ['scheduled-job', 'Scheduled job'],
  ['volume-anomaly', 'Unusual egress volume'],
  ['masquerade', 'Masquerading'],
  ['system-namespace', 'Workload in system namespace'],
  ['dns-bypasses-cluster-resolver', 'Public DNS resolver'],
  ['foreign-source-address', 'Foreign source address'],
  ['first-seen-image', 'First-seen image'],
  ['in-use-vulnerability', 'Vulnerable package in use'],
  ['cluster-plumbing', 'Cluster plumbing changed'],
  ['image-replaced', 'Image replaced'],
  ['image-pushed', 'Image pushed'],
  ['new-package-since-previous-digest', 'New package'],
  ['image-config-indicator', 'Hostile image configuration'],
  ['secret-read', 'Secret read'],
  ['privilege-grant', 'Permissions granted'],
  ['beaconing', 'Beaconing'],
  ['not-reproduced', 'Rebuild differs'],
  ['download', 'Download'],
  ['api-server-access', 'API server access'],
  ['cluster-exploration', 'Cluster discovery'],
  ['cloud-exploration', 'Cloud discovery'],
  ['egress-by-tool', 'Egress by tool'],
  ['permission-discovery', 'Permission discovery'],
  ['privileged', 'Privileged container'],
  ['namespace-created', 'Namespace created'],
  ['image-secret', 'Secret in image'],
  ['unsigned-image', 'Unsigned image'],
  ['recon', 'Reconnaissance'],
  ['container-started', 'Container started'],
  ['pod-replaced', 'Pod replaced'],
  ['rollout', 'Rollout'],
];

const isolate =
  'Isolate the workload from the network, preserve its container as evidence, and redeploy it from a trusted image.';
const rotate = 'Rotate every secret that the workload can read, and search the audit logs for their use.';

const advice: ReadonlyMap<string, string> = new Map([
  ['container-escape', 'Drain and rebuild the node; rotate its credentials and those of every pod on it.'],
  ['host-exec-from-snapshot', 'Investigate the activity of the program on the node before you rebuild it.'],
  ['miner', 'Stop the workload, then close the entry point: a miner is rarely the only intruder.'],
  ['data-destruction', 'Revoke the write access of the identity, then restore from a backup that it cannot reach.'],
  [
    'leaked-secret-in-use',
    'Disable the key now, review its activity in the audit log, and remove it from every layer of the image.',
  ],
  ['malware', isolate],
  [
    'build-tamper',
    'Stop every workload that runs what this builder made since, and rebuild on a clean host; rotate the secrets of the build.',
  ],
  [
    'in-use-malware',
    'Roll back to the release without the package, and rotate every secret that the workload can read.',
  ],
  ['host-persistence', 'Drain and rebuild the node: removing the file leaves what it has started.'],
  ['kernel-module', 'Drain and rebuild the node; what it reports about itself is not reliable any more.'],
  ['runner-memory', 'Rotate every secret of the pipeline, and review what it published since.'],
  ['web-shell', isolate],
  ['reverse-shell', isolate],
  ['dns-tunnel', 'Restrict DNS to the cluster resolver, and block the domain.'],
  ['new-egress-after-new-digest', 'Roll back to the digest that the tag had before, and deploy by digest.'],
  [
    'release-tag-moved',
    'Restore the tags to their earlier digests, rotate the registry credentials of the account that moved them, and deploy by digest.',
  ],
  [
    'same-revision-different-content',
    'Deny the image at admission, rebuild the revision on a clean host, and compare the files that differ.',
  ],
  ['identity-missing', 'Deny the image at admission until its owner signs it, and find out who pushed it.'],
  [
    'identity-changed',
    'Ask the owner whether the change of the account, key or builder was intended; if not, rotate its credentials.',
  ],
  ['entrypoint-changed', 'Compare the two images: `tidewaiter diff`.'],
  ['malicious-release', 'Roll back to the previous release, and identify the new dependency.'],
  [
    'dependency-confusion',
    'Pin the internal scope to the internal registry, and rebuild everything that was built since.',
  ],
  ['install-script-egress', 'Remove the package, and build without install scripts or without a network.'],
  ['token-replay', 'Delete the pod, which revokes its token, and review the activity of the service account.'],
  ['token-theft', 'Delete the pod, which revokes its token, and review the activity of the service account.'],
  ['cloud-credential-theft', 'Revoke the sessions of the role, and block access of pods to the metadata service.'],
  ['short-lived-container', 'Identify its creator from the image and the API requests; the pod itself is gone.'],
  ['data-exfiltration', 'Block the destination, and find out what was sent.'],
  ['secret-exfiltration', rotate],
  [
    'package-content-mismatch',
    'Stop every workload that runs this layer, and rebuild from a base image whose packages verify.',
  ],
  ['lateral-movement', isolate],
  ['persistence', 'Remove the persistence mechanism and the program that installed it.'],
  ['fileless', isolate],
  ['deleted-executable', isolate],
  ['modified-executable', isolate],
  ['c2', 'Block the destination for all workloads, and search for others that connect to it.'],
  [
    'backups-removed',
    'Restore the backups from a place that the identity cannot reach, and expect data destruction or encryption.',
  ],
  ['upstream-content-mismatch', 'Replace the tool by the published release, and rebuild what it built.'],
  ['agent-removed', 'Restore the agent; activity in the meantime was not monitored.'],
  ['protection-removed', 'Restore the protection, and review the activity in the meantime.'],
  ['cluster-admin', 'Remove the binding, and review its use in the audit log.'],
  ['worm', 'Isolate every affected workload at once, and close the way by which it spreads.'],
  ['drift-script', 'Find out how the script was written, and close that entry point.'],
  ['exploited-vulnerability', 'Update the package; until then remove the workload from the public network.'],
  ['malicious-workload', 'Delete the workload, and revoke the permission of its creator.'],
  ['drift', isolate],
  ['brute-force', 'Block the source, and search for a successful login.'],
  ['drift-library', isolate],
  ['anonymous-admin', 'Remove the binding of `system:anonymous`.'],
  ['runtime-socket', 'Remove the runtime socket from the workload.'],
  ['secrets-read', rotate],
  ['workload-by-application', 'Revoke the permission of the service account to create workloads.'],
  ['db-spawned-shell', 'Revoke the permission of the database role to run programs.'],
  ['server-spawned-shell', isolate],
  ['process-memory', rotate],
  ['identity-misuse', 'Rotate the credentials of the identity, and restrict its sources.'],
  ['cloud-metadata', 'Block access of pods to the metadata service, and revoke the sessions of the role.'],
  ['hidden-object', 'Read the object in the cluster: its privileges and mounts did not arrive.'],
  ['webhook-added', 'Remove the webhook: it reads and changes every created object.'],
  ['role-changed', 'Revert the change of the role.'],
  ['token-requested', 'Delete the service account, which revokes its tokens, unless the request was intended.'],
  ['credential-read', rotate],
  ['lookalike-account', 'Remove the account.'],
  ['account-created', 'Remove the account.'],
  ['account-manipulated', 'Remove the credentials that were added.'],
  ['same-tag-new-digest', 'Deploy by digest, and make released tags immutable.'],
  ['package-installed', 'Add the package to the image if it is needed; block package managers at run time.'],
  ['unsigned-image-running', 'Deny unsigned images at admission.'],
  ['new-egress-destination', 'Block the destination unless it is expected.'],
  ['evidence-removal', 'Keep audit logs where the cluster cannot delete them.'],
  ['in-use-vulnerability', 'Update the package: it is in use.'],
  ['privileged', 'Run it without privileges.'],
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

/** Broader findings that an alert has beside its own: an investigation filters by them. */
const broader: ReadonlyMap<string, readonly string[]> = new Map([
  ['cluster-admin', ['privilege-grant']],
  ['role-changed', ['privilege-grant']],
  ['credential-read', ['secret-read']],
  ['secrets-read', ['secret-read']],
  ['host-persistence', ['persistence']],
  ['token-replay', ['lateral-movement']],
  ['runner-memory', ['process-memory']],
  ['worm', ['lateral-movement']],
]);

/** Returns a finding with the broader ones that it is a case of. */
export function withBroader(finding: string): readonly string[] {
  return [finding, ...(broader.get(finding) ?? [])];
}
