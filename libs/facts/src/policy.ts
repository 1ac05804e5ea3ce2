import ipaddr from 'ipaddr.js';
import { z } from 'zod';

const texts = z.array(z.string().min(1).max(512)).max(10_000).default([]);
const byName = z.record(z.string().min(1).max(512), z.array(z.string().min(1).max(4096)).max(10_000)).default({});

/** Text with a slash must be a CIDR range: an invalid one would silently become a host name. */
const place = z
  .string()
  .min(1)
  .max(512)
  .refine((text) => !text.includes('/') || ipaddr.isValidCIDR(text), 'is no range of addresses such as 10.0.0.0/8');
const places = z.array(place).max(10_000).default([]);
const placesByName = z.record(z.string().min(1).max(512), z.array(place).max(10_000)).default({});

/**
 * Operator's policy for the behavior of workloads: `runtime:` of `tidewaiter.yaml`. Workloads are
 * `namespace/name`, service accounts `namespace:name`, addresses CIDR ranges or single addresses,
 * hosts names in which `*` is a wildcard.
 */
export const runtimePolicySettings = z.strictObject({
  builderNamespaces: texts.describe(
    'Namespaces in which images are built: package managers, compilers and downloads are normal there.',
  ),
  debugNamespaces: texts.describe('Namespaces for debugging with a shell.'),
  environments: z
    .record(z.string().min(1).max(512), z.enum(['dev', 'test', 'staging', 'production']))
    .default({})
    .describe(
      'Environments of namespaces: `dev`, `test`, `staging`, `production`. Where people develop, they install packages, sync files and start what they built.',
    ),
  environmentLabels: z
    .array(z.string().min(1))
    .max(100)
    .default(['tidewaiter.dev/environment', 'environment', 'env'])
    .describe('Labels of a namespace with its environment: `dev`, `development`, `sandbox` …'),
  roleLabels: z
    .array(z.string().min(1))
    .max(100)
    .default(['tidewaiter.dev/role', 'purpose'])
    .describe('Labels of a namespace with its role: `builder`, `ci`, `debug`, `security`.'),
  admins: texts.describe('Users who administer clusters.'),
  allowedEgress: placesByName.describe(
    'Hosts and addresses that a workload may connect to; `namespace/*` and `*` cover several.',
  ),
  internalRanges: places.describe('Internal addresses beside the private ones.'),
  packageMirrors: places.describe('Package mirrors.'),
  securityAgents: texts.describe(
    'Workloads that watch others, as `namespace/name`: their actions raise no alerts, and their removal does.',
  ),
  execProbes: byName.describe('Commands of exec probes of the kubelet.'),
  knownChildCommands: byName.describe('Commands that a workload is known to start; `*` stands for anything.'),
  clusterDns: places.describe('Addresses of the DNS of the cluster.'),
  signatureRequiredNamespaces: texts.describe('Namespaces in which only signed images may run; `*` for all.'),
  internalNpmScopes: texts.describe('npm scopes that only the internal registry has.'),
  anonymousAccessExpected: z
    .boolean()
    .optional()
    .describe('Whether the API server is meant to answer anonymous users.'),
  keySources: placesByName.describe('Addresses from which the key of a cloud, or the role by its name, is used.'),
  cloudAccounts: texts.describe('Accounts of the cloud that belong to the organization, by their 12 digits.'),
  serviceAccountSources: placesByName.describe('Addresses from which a service account is used.'),
  serviceAccountNamespaces: byName.describe('Namespaces that a service account works in.'),
  serviceAccountClients: byName.describe('Clients of a service account, by user agent.'),
  learningPeriod: z
    .string()
    .regex(/^[1-9]\d{0,3}[hd]$/, 'expected a number of hours or days such as 24h or 7d')
    .default('24h')
    .describe('How long images and identities are watched before anything about them counts as unusual: `24h`, `7d`.'),
});

/** Configured or learned policy for the behavior of workloads. */
export interface RuntimePolicy extends Omit<z.output<typeof runtimePolicySettings>, 'learningPeriod'> {
  learningMs: number;
  /** Destinations of a workload under the previous digest. */
  egressWithPreviousDigest: Record<string, string[]>;
  /** Bytes that a workload usually sends out; 0 for a workload that never sends. */
  egressBaselineBytes: Record<string, number>;
  /** Files that a package manager wrote after the container started. */
  installedPaths: string[];
  /** npm packages, `name@version`, that came from the public registry. */
  publicNpmPackages: string[];
  /** npm packages, each with whether its content matches the lock file. */
  lockfileVerified: Record<string, boolean>;
  /** Answer for images without other facts; absent if not configured. */
  imageFirstSeen?: boolean | undefined;
  imageScanned?: boolean | undefined;
}

/** Converts the settings to a policy without learned values. */
export function policyOf({ learningPeriod, ...settings }: z.output<typeof runtimePolicySettings>): RuntimePolicy {
  return {
    ...settings,
    learningMs: parseInt(learningPeriod, 10) * (learningPeriod.endsWith('d') ? 86_400_000 : 3_600_000),
    egressWithPreviousDigest: {},
    egressBaselineBytes: {},
    installedPaths: [],
    publicNpmPackages: [],
    lockfileVerified: {},
  };
}

/** Empty policy. */
export const noPolicy: RuntimePolicy = policyOf(runtimePolicySettings.parse({}));
