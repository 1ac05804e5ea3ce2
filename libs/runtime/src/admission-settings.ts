import { policyModes } from '@tidewaiter/domain';
import { z } from 'zod';

export const admission = z
  .strictObject({
    /** What a verdict does that fails: nothing but be counted, warn, or refuse. */
    mode: z.enum(policyModes).default('warn'),
    /** What becomes of an image that nobody knows, or could not judge. Refused only where the mode is `enforce`. */
    unknown: z.enum(['allow', 'deny']).default('allow'),
    /** Where nothing is asked: a cluster that cannot start its own parts cannot be mended. */
    exemptNamespaces: z
      .array(z.string().min(1))
      .default(['kube-system', 'kube-public', 'kube-node-lease', 'tidewaiter']),
    /** Answers without an API token: Kubernetes has none unless its API server is configured to. */
    allowUnauthenticated: z.boolean().default(false),
  })
  .prefault({});

/** How the console answers Kubernetes. */
export type AdmissionSettings = z.output<typeof admission>;
