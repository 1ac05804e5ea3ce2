/** Queues of jobs, each with its key. */
export const queueNames = [
  // By the id of a push.
  'push',
  'reevaluate',
  'signature',
  // By layer and repository, see `layerKey`.
  'layer',
  // By push and digest.
  'attached',
  // By the number of a change of advisories.
  'rematch',
  // By the name of a connection.
  'reconcile',
  'redeliver',
  // One job at a time.
  'sync-osv',
  'announce-exploited',
  // By the id of a delivery.
  'delivery',
] as const;

export type QueueName = (typeof queueNames)[number];

/** SQL condition on a row of `job`. */
export function inQueue(name: QueueName): string {
  return `queue = '${name}'`;
}
