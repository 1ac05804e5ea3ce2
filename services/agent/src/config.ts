import { Secret } from '@tidewaiter/domain';
import { configOf, httpPort, listeningSettings, setting } from '@tidewaiter/runtime';
import { z } from 'zod';

const secret = z
  .string()
  .transform((value) => new Secret(value))
  .optional();

const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Configuration of the agent from its environment. */
export class AgentConfig extends configOf({
  ...listeningSettings,
  httpPort: httpPort(7075),
  /** URL of ingest. */
  hubUrl: setting('TIDEWAITER_HUB_URL', z.url({ protocol: /^https?$/, error: 'is required: the URL of ingest' })),
  /** File with the authorities of its certificate, in PEM, beside those of the system. */
  hubCaFile: setting('TIDEWAITER_HUB_CA_FILE', z.string().optional()),
  /** Token of `tidewaiter clusters join`, needed once. */
  joinToken: setting('TIDEWAITER_JOIN_TOKEN', secret),
  /** Folder for the credential and for events that the hub does not have yet. */
  folder: setting('TIDEWAITER_AGENT_DIR', z.string({ error: 'is required: a folder that outlives the process' })),
  /** Room for events that the hub does not have yet; when it is full, the oldest are dropped. */
  outboxBytes: setting(
    'TIDEWAITER_AGENT_OUTBOX_BYTES',
    z.coerce
      .number({ error: 'is not a number' })
      .int()
      .min(32 * 2 ** 20, 'must be at least 32 MiB')
      .default(2 ** 30),
  ),
  /** Token that the sensors of the cluster send; without it all their requests are refused. */
  sensorToken: setting('TIDEWAITER_SENSOR_TOKEN', secret),
  /** Whether the resources of the cluster are followed. */
  watch: setting(
    'TIDEWAITER_KUBERNETES_WATCH',
    z.enum(['on', 'off'], { error: 'is neither on nor off' }).default('on'),
  ),
  /** File with the policy of containment; without it the agent carries out no order. */
  containmentPolicyFile: setting('TIDEWAITER_CONTAINMENT_POLICY', z.string().optional()),
  /** Reports that the agent writes into the cluster: `policy`, `vulnerability`, or both. */
  reports: setting(
    'TIDEWAITER_AGENT_REPORTS',
    z
      .string()
      .default('')
      .transform((text) =>
        text
          .split(',')
          .map((word) => word.trim())
          .filter(Boolean),
      )
      .pipe(z.array(z.enum(['policy', 'vulnerability'], { error: 'may name policy and vulnerability' }))),
  ),
  /** Namespace of the agent, in which it carries out no order. */
  ownNamespace: setting('TIDEWAITER_NAMESPACE', z.string().default('tidewaiter')),
  /** URL of the API server. */
  kubernetesUrl: setting(
    'TIDEWAITER_KUBERNETES_URL',
    z
      .url({ protocol: /^https?$/ })
      .transform((url) => url.replace(/\/$/, ''))
      .default('https://kubernetes.default.svc'),
  ),
  /** Authority of its certificate and token for it, which the kubelet renews. */
  kubernetesCaFile: setting('TIDEWAITER_KUBERNETES_CA_FILE', z.string().default(`${serviceAccount}/ca.crt`)),
  kubernetesTokenFile: setting('TIDEWAITER_KUBERNETES_TOKEN_FILE', z.string().default(`${serviceAccount}/token`)),
}) {}
