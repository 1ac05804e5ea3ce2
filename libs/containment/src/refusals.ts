/** Reasons for which an agent refuses an order, with what to do about each. */
export const refusals = {
  ORDER_MALFORMED: 'The order cannot be read: update the agent, or the hub, to the same version.',
  KEY_UNKNOWN: "Add the hub's public key to `hubKeys` of the agent's policy.",
  SIGNATURE_INVALID: 'The order was changed, or another key signed it: find out who wrote it.',
  CLUSTER_WRONG: 'The order names another cluster: find out who sent it here.',
  ORDER_EXPIRED: 'The agent got it too late: order it again if it is still needed.',
  ORDER_FROM_FUTURE: 'Set the clocks of the hub and the cluster.',
  ORDER_TOO_LONG: 'The order is valid for more than an hour: lower `containment.validFor`.',
  ORDER_REPLAYED: 'The order was worked on before: order it again if it is needed.',
  ACTION_FORBIDDEN: "Add the action to `actions` of the agent's policy.",
  NAMESPACE_FORBIDDEN: "Add the namespace to `namespaces` of the agent's policy.",
  NAMESPACE_PROTECTED: "Remove the namespace from `protectedNamespaces` of the agent's policy.",
  NODE_FORBIDDEN: "Add the node to `nodes` of the agent's policy.",
  RATE_EXCEEDED: "Wait, or raise `maxPerHour` of the agent's policy.",
  SCALE_EXCEEDED: "Raise `maxReplicas` of the agent's policy.",
  NODES_EXHAUSTED: "Lower `keepSchedulableNodes` of the agent's policy.",
  SUBJECT_GONE: 'The object does not exist any more.',
  SUBJECT_CHANGED: 'An object of that name exists, but it is a new one: look at it, and order again.',
  ACTION_UNSUITABLE: 'The action does not apply to objects of that kind.',
  ALREADY_DONE: 'The object is in that state already.',
  HOST_NETWORK: 'NetworkPolicies do not apply to pods in the network of their node: delete the pod.',
  STATIC_POD: 'The kubelet starts a static pod again: remove its manifest from the node.',
  CONTROLLED: 'Its controller would undo the change: choose the owner.',
  DRY_RUN_ONLY: "Set `dryRun: false` in the agent's policy.",
  UNDO_UNKNOWN: 'The agent has no record of that order.',
  UNDO_CHANGED: 'The object was changed since: restore it by hand.',
  NOT_UNDOABLE: 'The action cannot be undone.',
} as const;

export type OrderRefusalCode = keyof typeof refusals;

/** Why an order is not carried out. */
export interface OrderRefusal {
  refused: OrderRefusalCode;
  /** One sentence. */
  detail: string;
}

export function refusal(refused: OrderRefusalCode, detail: string): OrderRefusal {
  return { refused, detail };
}

export function isRefusal(result: object): result is OrderRefusal {
  return 'refused' in result;
}
