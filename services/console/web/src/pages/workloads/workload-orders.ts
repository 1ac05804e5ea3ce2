import type { QueryOf } from '../../api/types.js';

type Order = NonNullable<QueryOf<'/api/v1/workloads'>['sort']>;

/** Orders of the list with their labels. */
export const workloadOrders = [
  ['-urgency', 'most urgent first'],
  ['-severity', 'worst image first'],
  ['-misconfigurations', 'most misconfigurations first'],
  ['name', 'by name'],
] as const satisfies (readonly [Order, string])[];

export const workloadOrderNames = workloadOrders.map(([name]) => name);
