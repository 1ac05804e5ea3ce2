import type { Digest } from '@tidewaiter/domain';

import type { ContainerKind, Override, PodName } from './claims.js';
import type { WorkloadRef } from './workload.js';

/** Resolved state of a container. Null: not claimed by any source, or ambiguous. */
export interface ContainerView {
  id: string;
  name: string | null;
  kind: ContainerKind | null;
  cluster: string | null;
  node: string | null;
  pod: PodName | null;
  podUid: string | null;
  serviceAccount: string | null;
  workload: WorkloadRef | null;
  /** Manifest that runs. */
  digest: Digest | null;
  /** Digests as sources claimed them, of manifests, indexes and configs. */
  claimedDigests: readonly Digest[];
  repository: string | null;
  tag: string | null;
  privileged: boolean | null;
  /** Image fields that its pod overrides. */
  overrides: readonly Override[] | null;
  startedAtMs: number | null;
  endedAtMs: number | null;
  firstSeenMs: number;
  lastSeenMs: number;
}

/** Resolved state of a workload, from its pods. */
export interface WorkloadView extends WorkloadRef {
  imageDigests: readonly Digest[];
  namespaceLabels: Readonly<Record<string, string>>;
  exposed: boolean | null;
  privileged: boolean | null;
  serviceAccount: string | null;
  /** Pods that are not known to have ended. */
  replicas: number;
  /** Commands that the kubelet runs in its pods. */
  probes: readonly string[];
}
