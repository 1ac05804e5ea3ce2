import type { ContainmentAction, ContainmentKind, ContainmentSubject, JsonObject } from '@tidewaiter/domain';

import type { KubernetesCall, KubernetesObject } from './kubernetes.js';
import type { ContainmentOrder } from './order.js';
import type { OrderRefusal } from './refusals.js';

/** Objects and lists of the cluster by the names of {@link ActionDefinition.reads}. */
export interface Observed {
  /** Null if it does not exist. */
  subject: KubernetesObject | null;
  networkPolicies?: KubernetesObject[];
  nodes?: KubernetesObject[];
}

/** A limit of an action that callers should know: other policies still allow traffic. */
export interface PlanNote {
  code: 'ALLOWED_BY_OTHERS' | 'NOT_RECREATED' | 'TOKENS_OF_PODS';
  detail: string;
}

/** Calls that carry out an action, with the state from which it is undone. */
export interface ContainmentPlan {
  calls: KubernetesCall[];
  before: JsonObject;
  notes: PlanNote[];
}

/** An order in progress, as the agent records it before its first call. */
export interface PlannedOrder extends ContainmentPlan {
  order: ContainmentOrder;
  /** uid of the object that was found. */
  uid: string;
}

/** A rule of a Role or ClusterRole. */
export interface AccessRule {
  apiGroup: '' | 'apps' | 'networking.k8s.io';
  resource: string;
  verbs: string[];
}

/** A containment action. Its calls can be repeated after a crash. */
export interface ActionDefinition {
  name: ContainmentAction;
  kinds: readonly ContainmentKind[];
  /** Rights that the agent needs for it, and for its undo. */
  rights: readonly AccessRule[];
  /** Changes in the cluster, one line each, for a user who is about to order them. */
  effects(subject: ContainmentSubject): string[];
  /** Effect of an undo; null if there is none. */
  undoEffect: string | null;
  /** Paths that the plan needs beside the subject: a list each. */
  reads(subject: ContainmentSubject): Partial<Record<'networkPolicies' | 'nodes', string>>;
  /** @param subject object of the uid that the order names */
  plan(order: ContainmentOrder, subject: KubernetesObject, observed: Observed): ContainmentPlan | OrderRefusal;
  /** How far the calls have taken effect; `partly` leaves something to finish or to take back. */
  progress(planned: PlannedOrder, observed: Observed): 'none' | 'partly' | 'done';
  /** Calls that restore what was there before; null if it cannot be undone. */
  undo: ((planned: PlannedOrder, observed: Observed) => KubernetesCall[] | OrderRefusal) | null;
}
