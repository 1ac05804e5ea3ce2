import type { Digest, Platform } from '@tidewaiter/domain';

import type { Authority } from './attributed.js';
import type { ContainerImageName } from './image-id.js';

/** Role of a container in its pod. */
export type ContainerKind = 'app' | 'init' | 'sidecar' | 'ephemeral';

/** Fields by which a pod can override its image: the entrypoint (`command`) and the arguments. */
export const overrides = ['command', 'args'] as const;

export type Override = (typeof overrides)[number];

/** Cluster, namespace and name of a pod. */
export interface PodName {
  cluster: string | null;
  namespace: string;
  name: string;
}

/** Claim of one source about a container. Null: the source has no information on the field. */
export interface ContainerClaim {
  /** Hex, possibly truncated. */
  id: string;
  pod: PodName | null;
  cluster: string | null;
  node: string | null;
  name: string | null;
  kind: ContainerKind | null;
  images: readonly ContainerImageName[];
  privileged: boolean | null;
  /** Fields that the pod overrides in its image; empty: none. */
  overrides: readonly Override[] | null;
  startedAtMs: number | null;
  endedAtMs: number | null;
}

/** Claim of one source about a pod. */
export interface PodClaim extends PodName {
  uid: string | null;
  node: string | null;
  serviceAccount: string | null;
  /** Addresses of its own, which only the watch reports: none on the network of the node. */
  addresses?: readonly string[];
  workload: { kind: string; name: string } | null;
  labels: Readonly<Record<string, string>> | null;
  privileged: boolean | null;
  /** Commands that the kubelet runs in it: probes and hooks. */
  probes: readonly string[];
  endedAtMs: number | null;
}

/**
 * Claim of Kubernetes about the labels of a namespace; {@link ServiceClaim} covers how its pods are
 * reached.
 */
export interface NamespaceClaim {
  cluster: string | null;
  namespace: string;
  labels: Readonly<Record<string, string>> | null;
}

export interface ServiceClaim {
  cluster: string | null;
  namespace: string;
  name: string;
  /**
   * Whether the service is reachable from outside the cluster; null if only its selector is known.
   */
  exposed: boolean | null;
  selector: Readonly<Record<string, string>> | null;
  isGone: boolean;
}

/** Claims that one source makes at one time. */
export interface Claims {
  by: Authority;
  atMs: number;
  /** Time at which running containers were last seen; absent if equal to {@link atMs}. */
  seenMs?: number;
  containers: ContainerClaim[];
  pods: PodClaim[];
  namespaces: NamespaceClaim[];
  services: ServiceClaim[];
  /**
   * Digests of manifests or indexes, for images that a node identifies by the digest of their
   * config.
   */
  images: { cluster: string | null; configDigest: Digest; digests: readonly Digest[] }[];
  nodes: { cluster: string | null; node: string; platform: Platform }[];
}

export function noClaims(by: Authority, atMs: number): Claims {
  return { by, atMs, containers: [], pods: [], namespaces: [], services: [], images: [], nodes: [] };
}

const hexId = /^[0-9a-f]{12,64}$/;
let lastId: string | null = null;

/**
 * Extracts the id of a container without the runtime's prefix; null for text that cannot be an id,
 * such as `host`.
 */
export function containerIdOf(text: string | null | undefined): string | null {
  // Each event asks several times.
  if (text === lastId) return lastId;
  if (text && hexId.test(text)) return (lastId = text);
  const id = text?.slice(text.lastIndexOf('/') + 1).toLowerCase() ?? '';
  return hexId.test(id) ? id : null;
}
