import { Secret } from '@tidewaiter/domain';
import { configOf, httpPort, listeningSettings, setting } from '@tidewaiter/runtime';
import { z } from 'zod';

const secret = z
  .string()
  .transform((value) => new Secret(value))
  .optional();

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
}) {}
