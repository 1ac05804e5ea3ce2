import type { Digest, Platform } from '@tidewaiter/domain';

import type { ImageName } from './image-id.js';
import type { Authority } from './said.js';

/** What kind of container it is in its pod. */
export type ContainerKind = 'app' | 'init' | 'sidecar' | 'ephemeral';

/** What a pod may say in place of its image: the entrypoint, and the arguments. */
export const overrides = ['command', 'args'] as const;

export type Override = (typeof overrides)[number];

/** Where a pod is. */
export interface PodName {
  cluster: string | null;
  namespace: string;
  name: string;
}

/** What one source says of a container. Null: it does not say. */
export interface ContainerClaim {
  /** Hex, possibly cut. */
  id: string;
  pod: PodName | null;
  cluster: string | null;
  node: string | null;
  name: string | null;
  kind: ContainerKind | null;
  images: readonly ImageName[];
  privileged: boolean | null;
  /** What is started in place of what the image says; empty: nothing. */
  overrides: readonly Override[] | null;
  startedAtMs: number | null;
  endedAtMs: number | null;
}

/** What one source says of a pod. */
export interface PodClaim extends PodName {
  uid: string | null;
  node: string | null;
  serviceAccount: string | null;
  workload: { kind: string; name: string } | null;
  labels: Readonly<Record<string, string>> | null;
  privileged: boolean | null;
  /** Commands that the kubelet runs in it: probes and hooks. */
  probes: readonly string[];
  endedAtMs: number | null;
}

/** What Kubernetes says of a namespace, or of how something in it is reached. */
export interface NamespaceClaim {
  cluster: string | null;
  namespace: string;
  labels: Readonly<Record<string, string>> | null;
}

export interface ServiceClaim {
  cluster: string | null;
  namespace: string;
  name: string;
  /** Whether something outside the cluster may call it; null where only its selector is said. */
  exposed: boolean | null;
  selector: Readonly<Record<string, string>> | null;
  isGone: boolean;
}

/** What a source says at one time. */
export interface Claims {
  by: Authority;
  atMs: number;
  /** When what has not ended was still so; absent where that is {@link atMs}. */
  seenMs?: number;
  containers: ContainerClaim[];
  pods: PodClaim[];
  namespaces: NamespaceClaim[];
  services: ServiceClaim[];
  /** Digests of manifests or indexes of what a node calls by the digest of its config. */
  images: { configDigest: Digest; digests: readonly Digest[] }[];
  nodes: { cluster: string | null; node: string; platform: Platform }[];
}

export function noClaims(by: Authority, atMs: number): Claims {
  return { by, atMs, containers: [], pods: [], namespaces: [], services: [], images: [], nodes: [] };
}

const hexId = /^[0-9a-f]{12,64}$/;

/** The id of a container without the runtime's prefix; null for what cannot be one, as `host`. */
export function containerIdOf(text: string | null | undefined): string | null {
  if (text && hexId.test(text)) return text;
  const id = text?.slice(text.lastIndexOf('/') + 1).toLowerCase() ?? '';
  return hexId.test(id) ? id : null;
}
