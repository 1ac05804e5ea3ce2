import { type Digest, isDigest, type Observation } from '@tidewaiter/domain';
import { type Override, workloadOfPodName, type WorkloadRef } from '@tidewaiter/workloads';

import type { KnownFacts, WorkloadFacts } from './facts.js';
import type { Habits } from './habits.js';
import type { RuntimePolicy } from './policy.js';

/** What fields are answered from. */
export interface FactContext {
  facts: KnownFacts;
  policy: RuntimePolicy;
  /** What was usual up to now; null where nobody learns. */
  habits: Habits | null;
  /** The manifest that the container runs, or null while nobody knows. */
  digestOf(observation: Observation): Digest | null;
  workloadOf(observation: Observation): WorkloadRef | null;
  /** When the container started, in milliseconds since 1970. */
  startedAtOf(observation: Observation): number | null;
  /** What its pod starts the container with in place of what its image says; null where nobody knows. */
  overridesOf(observation: Observation): readonly Override[] | null;
  /** What is known of a workload. */
  workload(workload: WorkloadRef): WorkloadFacts | null;
  /** Labels of the namespace of a workload; most events are asked for nothing else of it. */
  namespaceLabelsOf(workload: WorkloadRef): Readonly<Record<string, string>>;
  /** Commands by which the kubelet asks whether a workload is well, as its pods say. */
  probesOf(workload: WorkloadRef): readonly string[];
}

/** Who knows which container is meant: the ledger. */
export type ContainerLookup = Pick<
  FactContext,
  'digestOf' | 'workloadOf' | 'startedAtOf' | 'overridesOf' | 'workload' | 'namespaceLabelsOf' | 'probesOf'
>;

/** A context that believes `lookup`, and without one what observations say of themselves. */
export function factContext(known: {
  facts: KnownFacts;
  policy: RuntimePolicy;
  habits?: Habits | null;
  lookup?: ContainerLookup;
}): FactContext {
  const { facts, policy, habits = null, lookup } = known;
  return {
    facts,
    policy,
    habits,
    digestOf: (observation) => lookup?.digestOf(observation) ?? saidDigest(observation),
    workloadOf: (observation) => {
      const workload = lookup?.workloadOf(observation) ?? saidWorkload(observation);
      if (workload === null || !isGuessed(workload, observation) || facts.workload(workload) !== null) return workload;
      const digest = lookup?.digestOf(observation) ?? saidDigest(observation);
      return (digest === null ? null : soleRunner(facts.workloadsOf(digest), observation)) ?? workload;
    },
    startedAtOf: (observation) => lookup?.startedAtOf(observation) ?? saidStart(observation),
    overridesOf: (observation) => lookup?.overridesOf(observation) ?? null,
    workload: (workload) => facts.workload(workload) ?? lookup?.workload(workload) ?? null,
    namespaceLabelsOf: (workload) =>
      facts.workload(workload)?.namespaceLabels ?? lookup?.namespaceLabelsOf(workload) ?? {},
    probesOf: (workload) => lookup?.probesOf(workload) ?? [],
  };
}

function saidDigest({ container }: Observation): Digest | null {
  const digest = container?.imageDigest;
  return isDigest(digest) ? digest : null;
}

function saidWorkload({ cluster, pod }: Observation): WorkloadRef | null {
  if (!pod?.namespace) return null;
  const { namespace, workload, workloadKind, name } = pod;
  if (workload && workloadKind) return { cluster, namespace, kind: workloadKind, name: workload };
  return name ? { cluster, namespace, ...workloadOfPodName(name) } : null;
}

/** Whether only the name of the pod says what made it, from which a DaemonSet or a Job cannot be told. */
function isGuessed({ kind, name }: WorkloadRef, { pod }: Observation): boolean {
  if (!pod?.name || pod.workloadKind) return false;
  const guess = workloadOfPodName(pod.name);
  return guess.kind === kind && guess.name === name;
}

/** Of the workloads that run the image, the one in the namespace of the pod whose name the pod's begins with. */
function soleRunner(workloads: readonly WorkloadRef[], { pod }: Observation): WorkloadRef | null {
  const named = workloads.filter(
    ({ namespace, name }) => namespace === pod?.namespace && `${pod.name}-`.startsWith(`${name}-`),
  );
  return named.length === 1 ? named[0]! : null;
}

function saidStart({ container }: Observation): number | null {
  const timeMs = container?.startedAt ? Date.parse(container.startedAt) : NaN;
  return Number.isNaN(timeMs) ? null : timeMs;
}
