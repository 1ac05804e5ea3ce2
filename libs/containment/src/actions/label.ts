import type { ActionDefinition } from '../action.js';
import { labelOperations, patch, pathOf } from '../kubernetes.js';
import { refusal } from '../refusals.js';

/** Fixed, so that an order cannot change labels by which services or policies select. */
export const incidentLabel = 'tidewaiter.dev/incident';

/** Marks an object for policies and tools of the cluster. */
export const label: ActionDefinition = {
  name: 'label',
  kinds: ['Pod', 'Deployment', 'StatefulSet', 'DaemonSet', 'Node'],
  rights: [
    { apiGroup: '', resource: 'pods', verbs: ['get', 'patch'] },
    { apiGroup: '', resource: 'nodes', verbs: ['get', 'patch'] },
    { apiGroup: 'apps', resource: 'deployments', verbs: ['get', 'patch'] },
    { apiGroup: 'apps', resource: 'statefulsets', verbs: ['get', 'patch'] },
    { apiGroup: 'apps', resource: 'daemonsets', verbs: ['get', 'patch'] },
  ],
  effects: ({ kind, name }) => [`Set the label ${incidentLabel} of ${kind} ${name} to the number of the incident`],
  undoEffect: 'Set the label to its earlier value, or remove it',
  reads: () => ({}),

  plan({ incident, subject }, object) {
    const before = object.metadata.labels?.[incidentLabel] ?? null;
    if (before === incident) return refusal('ALREADY_DONE', `it has the label of ${incident}`);
    const calls = [patch(pathOf(subject), object.metadata.uid, labelOperations(object, incidentLabel, incident))];
    return { calls, before: { label: before }, notes: [] };
  },

  progress: ({ order }, { subject }) =>
    subject?.metadata.labels?.[incidentLabel] === order.incident ? 'done' : 'none',

  undo({ order, uid, before }, { subject }) {
    if (subject?.metadata.uid !== uid) return refusal('SUBJECT_GONE', 'the labeled object is gone');
    if (subject.metadata.labels?.[incidentLabel] !== order.incident)
      return refusal('UNDO_CHANGED', 'the label has another value by now');
    const operations = labelOperations(subject, incidentLabel, before['label'] as string | null);
    return operations.length === 0 ? [] : [patch(pathOf(order.subject), uid, operations)];
  },
};
