import type { ContainmentSubject } from '@tidewaiter/domain';

import type { ActionDefinition, Observed, PlannedOrder } from './action.js';
import { actions } from './actions/actions.js';
import type { ContainmentOrder } from './order.js';
import { isRefusal, type OrderRefusal, refusal } from './refusals.js';

/** Returns the calls that carry out an order on the object that was found. */
export function planOrder(order: ContainmentOrder, observed: Observed): PlannedOrder | OrderRefusal {
  const definition: ActionDefinition = actions[order.action];
  if (!definition.kinds.includes(order.subject.kind))
    return refusal('ACTION_UNSUITABLE', `${order.action} does not apply to a ${order.subject.kind}`);
  const { subject } = observed;
  if (subject === null) return refusal('SUBJECT_GONE', 'it does not exist');
  if (order.subject.uid !== null && order.subject.uid !== subject.metadata.uid)
    return refusal('SUBJECT_CHANGED', `its uid is ${subject.metadata.uid}, not ${order.subject.uid}`);
  const plan = definition.plan(order, subject, observed);
  return isRefusal(plan) ? plan : { ...plan, order, uid: subject.metadata.uid };
}

/** An action that is suitable for an object, with what it would do. */
export interface ContainmentOffer {
  action: ContainmentOrder['action'];
  subject: ContainmentSubject;
  effects: string[];
  undoEffect: string | null;
}

/** Actions for each of the objects, the mildest first. */
export function offersFor(subjects: readonly ContainmentSubject[]): ContainmentOffer[] {
  return Object.values(actions).flatMap((definition) =>
    subjects
      .filter(({ kind }) => definition.kinds.includes(kind))
      .map((subject) => ({
        action: definition.name,
        subject,
        effects: definition.effects(subject),
        undoEffect: definition.undoEffect,
      })),
  );
}
