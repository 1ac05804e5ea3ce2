import type { Digest, Observation } from '@tidewaiter/domain';
import { accessKeyOf, type FactContext } from '@tidewaiter/facts';
import { workloadKey, type WorkloadRef } from '@tidewaiter/workloads';

import type { AlertContext } from '../alerts/alert.js';

/** Returns the place of an observation: cluster, node, pod, workload and image. */
export function placeOf(observation: Observation, facts: FactContext): AlertContext {
  const { cluster, node, pod, container, request } = observation;
  const imageDigest = digestOf(observation, facts);
  const ref =
    requestedWorkload(observation) ?? facts.workloadOf(observation) ?? workloadOfKey(observation, imageDigest, facts);
  return {
    cluster: cluster ?? ref?.cluster ?? null,
    node,
    namespace: pod?.namespace ?? request?.namespace ?? ref?.namespace ?? null,
    pod: pod?.name ?? null,
    container: container?.name ?? container?.id ?? null,
    workload: ref && workloadKey(ref),
    image: imageName(observation, imageDigest, facts),
    imageDigest: imageDigest ?? soleDigest(ref, facts),
  };
}

const kinds: ReadonlyMap<string, string> = new Map([
  ['deployments', 'Deployment'],
  ['daemonsets', 'DaemonSet'],
  ['statefulsets', 'StatefulSet'],
  ['jobs', 'Job'],
  ['cronjobs', 'CronJob'],
]);

/** Returns the workload that a request creates, changes or deletes. */
function requestedWorkload({ cluster, request }: Observation): WorkloadRef | null {
  const kind = kinds.get(request?.resource?.split('/')[0] ?? '');
  return kind && request?.namespace && request.name
    ? { cluster, namespace: request.namespace, kind, name: request.name }
    : null;
}

function digestOf(observation: Observation, facts: FactContext): Digest | null {
  const key = accessKeyOf(observation);
  return facts.digestOf(observation) ?? (key ? (facts.facts.secretOfKey(key)?.digest ?? null) : null);
}

/**
 * Returns the workload that runs the image with the key of a call: a cloud's log names no
 * workloads.
 */
function workloadOfKey({ request }: Observation, digest: Digest | null, { facts }: FactContext): WorkloadRef | null {
  if (!request?.accessKeyId || digest === null) return null;
  const [first = null, ...others] = facts.workloadsOf(digest);
  return others.length === 0 ? first : null;
}

function soleDigest(workload: WorkloadRef | null, facts: FactContext): Digest | null {
  const [first = null, ...others] = (workload && facts.workload(workload)?.imageDigests) ?? [];
  return others.length === 0 ? first : null;
}

function imageName({ container }: Observation, digest: Digest | null, { facts }: FactContext): string | null {
  const known = digest === null ? null : facts.image(digest);
  const repository = container?.imageRepository ?? known?.repository;
  const tag = container?.imageTag ?? known?.tag;
  return repository ? `${repository}${tag ? `:${tag}` : ''}` : null;
}
