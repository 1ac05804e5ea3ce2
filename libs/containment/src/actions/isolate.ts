import type { JsonObject } from '@tidewaiter/domain';

import type { ActionDefinition, Observed, PlanNote, PlannedOrder } from '../action.js';
import {
  type KubernetesCall,
  type KubernetesObject,
  labelOperations,
  type LabelSelector,
  networkPoliciesPath,
  patch,
  pathOf,
  podOf,
  selects,
} from '../kubernetes.js';
import type { ContainmentOrder } from '../order.js';
import { refusal } from '../refusals.js';

export const isolatedLabel = 'tidewaiter.dev/isolated';

const policyName = ({ id }: ContainmentOrder) => `tidewaiter-isolate-${id}`;

/**
 * Denies all traffic by a NetworkPolicy: of one pod by a label that is set on it, of a workload by
 * its own selector, so that pods that start later are isolated, too.
 */
export const isolate: ActionDefinition = {
  name: 'isolate',
  kinds: ['Pod', 'Deployment', 'StatefulSet', 'DaemonSet'],
  rights: [
    { apiGroup: '', resource: 'pods', verbs: ['get', 'patch'] },
    { apiGroup: 'apps', resource: 'deployments', verbs: ['get'] },
    { apiGroup: 'apps', resource: 'statefulsets', verbs: ['get'] },
    { apiGroup: 'apps', resource: 'daemonsets', verbs: ['get'] },
    { apiGroup: 'networking.k8s.io', resource: 'networkpolicies', verbs: ['list', 'create', 'delete'] },
  ],
  effects: ({ kind, name, namespace }) => [
    `Create a NetworkPolicy in ${namespace} that denies all traffic from and to ${
      kind === 'Pod' ? `pod ${name}` : `the pods of ${kind} ${name}`
    }`,
    ...(kind === 'Pod' ? [`Set the label ${isolatedLabel} of the pod, by which the NetworkPolicy selects it`] : []),
  ],
  undoEffect: 'Delete the NetworkPolicy and the label',
  reads: ({ namespace }) => ({ networkPolicies: networkPoliciesPath(namespace ?? '') }),

  plan(order, object, { networkPolicies = [] }) {
    const { subject } = order;
    const { spec, labels } = podOf(object);
    if (spec['hostNetwork'] === true) return refusal('HOST_NETWORK', 'its pods use the network of the node');
    const isPod = subject.kind === 'Pod';
    const before = object.metadata.labels?.[isolatedLabel] ?? null;
    if (isPod && before !== null) return refusal('ALREADY_DONE', 'another order has isolated the pod');
    const podSelector: LabelSelector = isPod
      ? { matchLabels: { [isolatedLabel]: order.id } }
      : ((object.spec?.['selector'] ?? {}) as LabelSelector);
    // An empty selector would isolate the whole namespace.
    if (Object.keys({ ...podSelector.matchLabels }).length + (podSelector.matchExpressions?.length ?? 0) === 0)
      return refusal('ACTION_UNSUITABLE', 'the workload has no selector');
    const calls = [createPolicy(order, podSelector)];
    if (isPod)
      calls.push(patch(pathOf(subject), object.metadata.uid, labelOperations(object, isolatedLabel, order.id)));
    return { calls, before: { label: before }, notes: notesOf(networkPolicies, labels) };
  },

  progress({ order, uid }, { subject, networkPolicies = [] }) {
    const isDenied = hasPolicy(order, networkPolicies);
    if (order.subject.kind !== 'Pod') return isDenied ? 'done' : 'none';
    const isLabeled = subject?.metadata.uid === uid && subject.metadata.labels?.[isolatedLabel] === order.id;
    if (isDenied === isLabeled) return isDenied ? 'done' : 'none';
    return 'partly';
  },

  undo(planned, { subject, networkPolicies = [] }) {
    const { order } = planned;
    return [...unlabel(planned, subject), ...(hasPolicy(order, networkPolicies) ? [deletePolicy(order)] : [])];
  },
};

function createPolicy(order: ContainmentOrder, podSelector: LabelSelector): KubernetesCall {
  const { incident, subject } = order;
  return {
    method: 'POST',
    path: networkPoliciesPath(subject.namespace ?? ''),
    body: {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: {
        name: policyName(order),
        labels: { 'app.kubernetes.io/managed-by': 'tidewaiter', 'tidewaiter.dev/incident': incident },
      },
      // No rule of a type that is named allows nothing of it.
      spec: { podSelector: podSelector as JsonObject, policyTypes: ['Ingress', 'Egress'] },
    },
    accepts: [409],
  };
}

function deletePolicy(order: ContainmentOrder): KubernetesCall {
  const path = `${networkPoliciesPath(order.subject.namespace ?? '')}/${policyName(order)}`;
  return { method: 'DELETE', path, body: {}, accepts: [404] };
}

function unlabel({ order, uid, before }: PlannedOrder, pod: Observed['subject']): KubernetesCall[] {
  // A pod that is gone has no label to remove.
  if (order.subject.kind !== 'Pod' || pod?.metadata.uid !== uid) return [];
  if (pod.metadata.labels?.[isolatedLabel] !== order.id) return [];
  return [patch(pathOf(order.subject), uid, labelOperations(pod, isolatedLabel, before['label'] as string | null))];
}

function hasPolicy(order: ContainmentOrder, policies: readonly KubernetesObject[]): boolean {
  return policies.some(({ metadata }) => metadata.name === policyName(order));
}

/** NetworkPolicies add up: what another one allows stays allowed. */
function notesOf(policies: readonly KubernetesObject[], labels: Readonly<Record<string, string>>): PlanNote[] {
  const allowing = policies.filter(({ spec = {} }) => {
    const rules = [spec['ingress'], spec['egress']].flatMap((each) => (Array.isArray(each) ? each : []));
    return rules.length > 0 && selects((spec['podSelector'] ?? {}) as LabelSelector, labels);
  });
  if (allowing.length === 0) return [];
  const names = allowing.map(({ metadata }) => metadata.name).join(', ');
  return [{ code: 'ALLOWED_BY_OTHERS', detail: `these NetworkPolicies still allow traffic: ${names}` }];
}
