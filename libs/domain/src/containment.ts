/** Actions by which an agent contains an incident, the mildest first. */
export const containmentActions = [
  'label',
  'isolate',
  'scale-to-zero',
  'delete-pod',
  'cordon-node',
  'revoke-service-account-token',
] as const;

export type ContainmentAction = (typeof containmentActions)[number];

/**
 * States of a containment order. `requested` waits for a maintainer; `ordered` for the agent, which
 * has checked an `accepted` one and works on it. The others are ends, except that an undo order
 * makes `undone` of `done`.
 */
export const containmentStates = [
  'requested',
  'ordered',
  'accepted',
  'done',
  'refused',
  'failed',
  'undone',
  'expired',
] as const;

export type ContainmentState = (typeof containmentStates)[number];

export const containmentKinds = [
  'Pod',
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'Node',
  'ServiceAccount',
] as const;

export type ContainmentKind = (typeof containmentKinds)[number];

/** Kubernetes object that an action is about. */
export interface ContainmentSubject {
  kind: ContainmentKind;
  /** Null for a node. */
  namespace: string | null;
  name: string;
  /** Null where no sensor has reported it: then the object of that name is meant. */
  uid: string | null;
}
