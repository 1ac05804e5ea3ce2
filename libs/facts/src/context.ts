import { type Digest, isDigest, type Observation } from '@tidewaiter/domain';
import { type Override, workloadOfPodName, type WorkloadRef } from '@tidewaiter/workloads';

import type { FactsView, WorkloadFacts } from './facts.js';
import type { Habits } from './habits.js';
import type { RuntimePolicy } from './policy.js';

/** Inputs of the fact fields. */
export interface FactContext {
  facts: FactsView;
  policy: RuntimePolicy;
  /** Learned habits up to now; null if learning is off. */
  habits: Habits | null;
  /** Returns the manifest that the container runs; null if unknown. */
  digestOf(observation: Observation): Digest | null;
  workloadOf(observation: Observation): WorkloadRef | null;
  /** Whether the container is known to be of another cluster than the sensor that names it. */
  isOfAnotherCluster(observation: Observation): boolean;
  /** When the container started, in milliseconds since 1970. */
  startedAtOf(observation: Observation): number | null;
  /** Service account, `namespace:name`, of the pod that has an address; null if none is known. */
  accountAt(cluster: string | null, address: string): string | null;
  /** Returns the image fields that the container's pod overrides; null if unknown. */
  overridesOf(observation: Observation): readonly Override[] | null;
  /** Returns the known facts about a workload. */
  workload(workload: WorkloadRef): WorkloadFacts | null;
  /**
   * Returns the labels of a workload's namespace, which is all that most events need of the
   * workload.
   */
  namespaceLabelsOf(workload: WorkloadRef): Readonly<Record<string, string>>;
  /** Returns the exec probes of a workload's pods, which the kubelet runs. */
  probesOf(workload: WorkloadRef): readonly string[];
}

/** Lookup of containers and workloads, implemented by the container ledger. */
export type ContainerLookup = Pick<
  FactContext,
  | 'digestOf'
  | 'workloadOf'
  | 'isOfAnotherCluster'
  | 'startedAtOf'
  | 'accountAt'
  | 'overridesOf'
  | 'workload'
  | 'namespaceLabelsOf'
  | 'probesOf'
>;

/** Creates a context that prefers `lookup`, and falls back to the fields of the observation. */
export function factContext(known: {
  facts: FactsView;
  policy: RuntimePolicy;
  habits?: Habits | null;
  lookup?: ContainerLookup;
}): FactContext {
  const { facts, policy, habits = null, lookup } = known;
  return {
    facts,
    policy,
    habits,
    digestOf: (observation) => lookup?.digestOf(observation) ?? reportedDigest(observation),
    workloadOf: (observation) => {
      const workload = lookup?.workloadOf(observation) ?? reportedWorkload(observation);
      if (workload === null || !isGuessed(workload, observation) || facts.workload(workload) !== null) return workload;
      const digest = lookup?.digestOf(observation) ?? reportedDigest(observation);
      return (digest === null ? null : soleRunner(facts.workloadsOf(digest), observation)) ?? workload;
    },
    isOfAnotherCluster: (observation) => lookup?.isOfAnotherCluster(observation) ?? false,
    startedAtOf: (observation) => lookup?.startedAtOf(observation) ?? reportedStart(observation),
    accountAt: (cluster, address) => lookup?.accountAt(cluster, address) ?? null,
    overridesOf: (observation) => lookup?.overridesOf(observation) ?? null,
    workload: (workload) => facts.workload(workload) ?? lookup?.workload(workload) ?? null,
    namespaceLabelsOf: (workload) =>
      facts.workload(workload)?.namespaceLabels ?? lookup?.namespaceLabelsOf(workload) ?? {},
    probesOf: (workload) => lookup?.probesOf(workload) ?? [],
  };
}

function reportedDigest({ container }: Observation): Digest | null {
  const digest = container?.imageDigest;
  return isDigest(digest) ? digest : null;
}

function reportedWorkload({ cluster, pod }: Observation): WorkloadRef | null {
  if (!pod?.namespace) return null;
  const { namespace, workload, workloadKind, name } = pod;
  if (workload && workloadKind) return { cluster, namespace, kind: workloadKind, name: workload };
  return name ? { cluster, namespace, ...workloadOfPodName(name) } : null;
}

/**
 * Whether the workload is only guessed from the pod's name, which cannot identify a DaemonSet or a
 * Job.
 */
function isGuessed({ kind, name }: WorkloadRef, { pod }: Observation): boolean {
  if (!pod?.name || pod.workloadKind) return false;
  const guess = workloadOfPodName(pod.name);
  return guess.kind === kind && guess.name === name;
}

/**
 * Returns the only workload that runs the image, is in the pod's namespace, and whose name is a
 * prefix of the pod's.
 */
function soleRunner(workloads: readonly WorkloadRef[], { pod }: Observation): WorkloadRef | null {
  const named = workloads.filter(
    ({ namespace, name }) => namespace === pod?.namespace && `${pod.name}-`.startsWith(`${name}-`),
  );
  return named.length === 1 ? named[0]! : null;
}

function reportedStart({ container }: Observation): number | null {
  const timeMs = container?.startedAt ? Date.parse(container.startedAt) : NaN;
  return Number.isNaN(timeMs) ? null : timeMs;
}
