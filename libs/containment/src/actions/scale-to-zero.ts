import type { AccessRule, ActionDefinition } from '../action.js';
import { type KubernetesObject, patch, pathOf } from '../kubernetes.js';
import { refusal } from '../refusals.js';

/** Number of replicas that an object asks for; Kubernetes sets 1 where none is given. */
export function replicasOf({ spec }: KubernetesObject): number {
  return Number(spec?.['replicas'] ?? 1);
}

/** Stops all pods of a workload. A HorizontalPodAutoscaler rests while there are no replicas. */
export const scaleToZero: ActionDefinition = {
  name: 'scale-to-zero',
  kinds: ['Deployment', 'StatefulSet', 'ReplicaSet'],
  // The subresource alone: the agent cannot change what the pods run.
  rights: ['deployments', 'statefulsets', 'replicasets'].flatMap((resource): AccessRule[] => [
    { apiGroup: 'apps', resource, verbs: ['get'] },
    { apiGroup: 'apps', resource: `${resource}/scale`, verbs: ['patch'] },
  ]),
  effects: ({ kind, name }) => [`Set the replicas of ${kind} ${name} to 0: all of its pods end`],
  undoEffect: 'Set the replicas to their earlier number',
  reads: () => ({}),

  plan({ subject }, object) {
    if (object.metadata.ownerReferences?.some(({ controller }) => controller))
      return refusal('CONTROLLED', 'another object controls its replicas');
    const replicas = replicasOf(object);
    if (replicas === 0) return refusal('ALREADY_DONE', 'it has no replicas');
    const calls = [
      patch(`${pathOf(subject)}/scale`, object.metadata.uid, [
        // Fails if it was scaled since it was read: the undo would restore a wrong number.
        { op: 'test', path: '/spec/replicas', value: replicas },
        { op: 'replace', path: '/spec/replicas', value: 0 },
      ]),
    ];
    return { calls, before: { replicas }, notes: [] };
  },

  progress: (_, { subject }) => (subject !== null && replicasOf(subject) === 0 ? 'done' : 'none'),

  undo({ order, uid, before }, { subject }) {
    if (subject?.metadata.uid !== uid) return refusal('SUBJECT_GONE', 'the workload is gone');
    if (replicasOf(subject) !== 0) return refusal('UNDO_CHANGED', 'it has replicas again');
    const replicas = Number(before['replicas']);
    // A scale without replicas is served without the field.
    return [patch(`${pathOf(order.subject)}/scale`, uid, [{ op: 'add', path: '/spec/replicas', value: replicas }])];
  },
};
