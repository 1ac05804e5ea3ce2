import type { JsonObject } from '@tidewaiter/domain';

import { labelsAt, listAt, textAt } from './json.js';

// Jobs of a CronJob end in the minute since 1970 for which they were scheduled: eight digits from
// 1989 to 2160.
const ofCronJob = /^(.+)-[0-9]{8}$/;

/**
 * Returns the top-level owner of a pod: the Deployment and not its ReplicaSet, the CronJob and not
 * its Job.
 */
export function workloadOfPod(pod: JsonObject): { kind: string; name: string } | null {
  const metadata = pod.metadata as JsonObject;
  const owners = listAt(metadata, 'ownerReferences');
  const owner = owners.find(({ controller }) => controller === true) ?? owners[0];
  const [kind, name] = owner ? [textAt(owner, 'kind'), textAt(owner, 'name')] : [null, null];
  const own = textAt(metadata, 'name');
  // The kubelet's own pods are owned by their node.
  if (kind === null || name === null || kind === 'Node') return own === null ? null : { kind: 'Pod', name: own };
  if (kind === 'ReplicaSet') return ofReplicaSet(name, labelsAt(metadata, 'labels'));
  const cronJob = kind === 'Job' ? ofCronJob.exec(name)?.[1] : undefined;
  return cronJob === undefined ? { kind, name } : { kind: 'CronJob', name: cronJob };
}

/** End of the name of a ReplicaSet of a Deployment. */
const hashOfTemplate = /-(?=[a-z0-9]*[0-9])[a-z0-9]{8,10}$/;

/**
 * Returns the owner of a ReplicaSet, whose name ends with the hash that is also in a label. Null
 * where that label was left out of the audit log: the sensor of the node may know the owner.
 */
function ofReplicaSet(name: string, labels: Record<string, string>): { kind: string; name: string } | null {
  for (const [label, kind] of [
    ['pod-template-hash', 'Deployment'],
    ['rollouts-pod-template-hash', 'Rollout'],
  ] as const) {
    const hash = labels[label];
    if (hash && name.endsWith(`-${hash}`) && name.length > hash.length + 1) {
      return { kind, name: name.slice(0, -hash.length - 1) };
    }
  }
  return hashOfTemplate.test(name) ? null : { kind: 'ReplicaSet', name };
}
