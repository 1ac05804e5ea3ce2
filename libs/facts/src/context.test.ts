import type { Observation } from '@tidewaiter/domain';

import { factContext } from './context.js';
import { factsFromFile } from './facts-file.js';

const digest = `sha256:${'a'.repeat(64)}`;
const file = { images: { [digest]: {} }, workloads: { 'iot/DaemonSet/gateway': { image_digest: digest } } };
const { workloadOf } = factContext(factsFromFile(file));

/** Observation of a sensor that knows only the name of the pod. */
function inPod(namespace: string, name: string, imageDigest: string | null, more: object = {}): Observation {
  const pod = { namespace, name, uid: null, workload: null, workloadKind: null, serviceAccount: null, ...more };
  return { cluster: null, pod, container: { imageDigest } } as unknown as Observation;
}

describe('factContext', () => {
  it.each([
    ['by the image and a prefix of the pod name', inPod('iot', 'gateway-hdmdg', digest), 'DaemonSet/gateway'],
    ['as the pod for another namespace', inPod('web', 'gateway-hdmdg', digest), 'Pod/gateway-hdmdg'],
    ['as the pod for another name', inPod('iot', 'gate-hdmdg', digest), 'Pod/gate-hdmdg'],
    ['as the pod without a digest', inPod('iot', 'gateway-hdmdg', null), 'Pod/gateway-hdmdg'],
    [
      'as the sensor reports',
      inPod('iot', 'gateway-hdmdg', digest, { workload: 'edge', workloadKind: 'StatefulSet' }),
      'StatefulSet/edge',
    ],
  ])('resolves the workload of a pod: %s', (_, observation, expected) => {
    const workload = workloadOf(observation);
    expect(`${workload?.kind}/${workload?.name}`).toBe(expected);
  });
});
