import type { ActionDefinition } from '../action.js';
import { collectionPath, type KubernetesObject, patch, pathOf } from '../kubernetes.js';
import { refusal } from '../refusals.js';

export const isSchedulable = ({ spec }: KubernetesObject): boolean => spec?.['unschedulable'] !== true;

/** Keeps new pods off a node. Those on it go on. */
export const cordonNode: ActionDefinition = {
  name: 'cordon-node',
  kinds: ['Node'],
  rights: [{ apiGroup: '', resource: 'nodes', verbs: ['get', 'list', 'patch'] }],
  effects: ({ name }) => [`Mark node ${name} as unschedulable: no new pod starts on it`],
  undoEffect: 'Mark the node as schedulable',
  reads: ({ kind }) => ({ nodes: collectionPath({ kind, namespace: null }) }),

  plan({ subject }, object) {
    if (!isSchedulable(object)) return refusal('ALREADY_DONE', 'the node is unschedulable');
    const calls = [
      patch(pathOf(subject), object.metadata.uid, [{ op: 'add', path: '/spec/unschedulable', value: true }]),
    ];
    return { calls, before: { unschedulable: false }, notes: [] };
  },

  progress: (_, { subject }) => (subject !== null && !isSchedulable(subject) ? 'done' : 'none'),

  undo({ order, uid }, { subject }) {
    if (subject?.metadata.uid !== uid) return refusal('SUBJECT_GONE', 'the node is gone');
    if (isSchedulable(subject)) return [];
    return [patch(pathOf(order.subject), uid, [{ op: 'remove', path: '/spec/unschedulable' }])];
  },
};
