import { policyModes } from '@tidewaiter/domain';
import { z } from 'zod';

export const admission = z
  .strictObject({
    /** What a verdict does that fails: nothing but be counted, warn, or refuse. */
    mode: z.enum(policyModes).default('warn'),
    /**
     * In mode `enforce`: whether an image may run that was not scanned yet, because no push of it is known or it is still being analyzed.
     * Images that were scanned and are still unknown are refused in any case.
     */
    unknown: z.enum(['allow', 'deny']).default('deny'),
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
