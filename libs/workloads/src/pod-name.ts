/** Characters of Kubernetes' random names: no vowels, and none that looks like another. */
const random = '[bcdfghjklmnpqrstvwxz2456789]';

// `<deployment>-<hash of the template>-<5 random>`: the hash is a 32-bit number, encoded in the
// same characters.
const ofDeployment = new RegExp(`^(.+)-${random}{6,10}-${random}{5}$`);
// `<cron job>-<scheduled minute since 1970>-<5 random>`
const ofCronJob = new RegExp(`^(.+)-[0-9]{8}-${random}{5}$`);
const ofStatefulSet = /^(.+)-[0-9]{1,5}$/;

/**
 * Guesses the workload of a pod from its name, for sensors that report nothing else. A Job, a
 * DaemonSet and a ReplicaSet without a Deployment name their pods alike, so those stay pods.
 */
export function workloadOfPodName(pod: string): { kind: string; name: string } {
  for (const [pattern, kind] of [
    [ofCronJob, 'CronJob'],
    [ofDeployment, 'Deployment'],
    [ofStatefulSet, 'StatefulSet'],
  ] as const) {
    const name = pattern.exec(pod)?.[1];
    if (name !== undefined) return { kind, name };
  }
  return { kind: 'Pod', name: pod };
}
