import type { ActionDefinition, PlanNote } from '../action.js';
import { pathOf } from '../kubernetes.js';
import { refusal } from '../refusals.js';

/** Time for a pod to end: an attacker may ignore the signal to end. */
const graceSeconds = 5;

/** Deletes a pod. Its controller starts another one, if it has one. */
export const deletePod: ActionDefinition = {
  name: 'delete-pod',
  kinds: ['Pod'],
  rights: [{ apiGroup: '', resource: 'pods', verbs: ['get', 'delete'] }],
  effects: ({ name }) => [`Delete pod ${name}, after its description and last events were kept`],
  undoEffect: null,
  reads: () => ({}),

  plan({ subject }, { metadata, spec }) {
    if (metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined)
      return refusal('STATIC_POD', 'the pod is the mirror of a static pod');
    const asked = Number(spec?.['terminationGracePeriodSeconds'] ?? graceSeconds);
    const calls = [
      {
        method: 'DELETE' as const,
        path: pathOf(subject),
        body: { preconditions: { uid: metadata.uid }, gracePeriodSeconds: Math.min(asked, graceSeconds) },
        accepts: [404],
      },
    ];
    const isOwned = metadata.ownerReferences?.some(({ controller }) => controller) ?? false;
    const notes: PlanNote[] = isOwned
      ? []
      : [{ code: 'NOT_RECREATED', detail: 'no controller owns the pod: no other pod replaces it' }];
    return { calls, before: {}, notes };
  },

  progress({ uid }, { subject }) {
    const isThere = subject?.metadata.uid === uid && subject.metadata.deletionTimestamp === undefined;
    return isThere ? 'none' : 'done';
  },

  undo: null,
};
