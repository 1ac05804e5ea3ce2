import { z } from 'zod';

const texts = z.array(z.string().min(1).max(512)).max(10_000).default([]);
const byName = z.record(z.string().min(1).max(512), z.array(z.string().min(1).max(4096)).max(10_000)).default({});

/**
 * What the operator says of how workloads are meant to behave: `runtime:` of `tidewaiter.yaml`. Workloads are `namespace/name`,
 * service accounts `namespace:name`, addresses CIDR ranges or single addresses, hosts names in which `*` stands for anything.
 */
export const runtimePolicySettings = z.strictObject({
  /** Namespaces in which images are built: package managers, compilers and downloads are their work. */
  builderNamespaces: texts,
  /** Namespaces in which people look for faults with a shell. */
  debugNamespaces: texts,
  /** Labels of a namespace that say what it is for: `builder`, `ci`, `debug`, `security`. */
  roleLabels: z.array(z.string().min(1)).max(100).default(['tidewaiter.dev/role', 'purpose']),
  /** Users who administer clusters. */
  admins: texts,
  /** Hosts and addresses that a workload may talk to; `namespace/*` and `*` speak for several. */
  allowedEgress: byName,
  /** Addresses that are ours beside the private ones. */
  internalRanges: texts,
  /** Where packages come from. */
  packageMirrors: texts,
  /** Workloads that watch others, as `namespace/name`: they may do what would be alarming elsewhere, and must not be removed. */
  securityAgents: texts,
  /** Commands by which the kubelet asks whether a workload is well. */
  execProbes: byName,
  /** Commands that a workload is known to start; `*` stands for anything. */
  knownChildCommands: byName,
  clusterDns: texts,
  /** Namespaces in which only signed images may run; `*` for all. */
  signatureRequiredNamespaces: texts,
  /** npm scopes that only the internal registry has. */
  internalNpmScopes: texts,
  /** Whether the API server is meant to answer people without a name. */
  anonymousAccessExpected: z.boolean().optional(),
  /** Addresses from which the key of a cloud, or the role by its name, is used. */
  keySources: byName,
  /** Addresses from which a service account is used. */
  serviceAccountSources: byName,
  /** Namespaces that a service account works in. */
  serviceAccountNamespaces: byName,
  /** Clients of a service account, as they name themselves. */
  serviceAccountClients: byName,
});

/** What is said or was learned of how workloads are meant to behave. */
export interface RuntimePolicy extends z.output<typeof runtimePolicySettings> {
  /** Destinations that a workload talked to under the digest that it ran before. */
  egressWithPreviousDigest: Record<string, string[]>;
  /** Bytes that a workload usually sends out; 0 for one that never does. */
  egressBaselineBytes: Record<string, number>;
  /** Files that a package manager wrote after the container started. */
  installedPaths: string[];
  /** npm packages, `name@version`, that came from the public registry. */
  publicNpmPackages: string[];
  /** npm packages whose content is as the lock file says, or not. */
  lockfileVerified: Record<string, boolean>;
  /** Answers for images of which nothing else is known; absent: nobody said. */
  imageFirstSeen?: boolean | undefined;
  imageScanned?: boolean | undefined;
}

/** The settings as a policy, of which nothing is learned yet. */
export function policyOf(settings: z.output<typeof runtimePolicySettings>): RuntimePolicy {
  return {
    ...settings,
    egressWithPreviousDigest: {},
    egressBaselineBytes: {},
    installedPaths: [],
    publicNpmPackages: [],
    lockfileVerified: {},
  };
}

/** A policy that says nothing. */
export const noPolicy: RuntimePolicy = policyOf(runtimePolicySettings.parse({}));
