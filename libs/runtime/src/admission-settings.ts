import { policyModes } from '@tidewaiter/domain';
import { z } from 'zod';

export const admission = z
  .strictObject({
    /** Effect of a failed verdict: only count it, warn, or refuse the pod. */
    mode: z.enum(policyModes).default('warn'),
    /**
     * In mode `enforce`: whether an image may run that is not scanned yet, because no push of it is
     * known or it is still being analyzed. Images that were scanned and are still unknown are
     * refused in any case.
     */
    unknown: z.enum(['allow', 'deny']).default('deny'),
    /**
     * Namespaces without admission control: a cluster that cannot start its own components cannot
     * be repaired.
     */
    exemptNamespaces: z
      .array(z.string().min(1))
      .default(['kube-system', 'kube-public', 'kube-node-lease', 'tidewaiter']),
    /**
     * Accepts requests without an API token: Kubernetes has none unless its API server is
     * configured to.
     */
    allowUnauthenticated: z.boolean().default(false),
  })
  .prefault({});

/** Settings of the Kubernetes admission webhook of the console. */
export type AdmissionSettings = z.output<typeof admission>;
