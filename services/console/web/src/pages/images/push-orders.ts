import type { QueryOf } from '../../api/types.js';

type Order = NonNullable<QueryOf<'/api/v1/pushes'>['sort']>;

/** Orders of the list with their labels. */
export const pushOrders = [
  ['-received', 'newest first'],
  ['-severity', 'worst first'],
  ['image', 'by name'],
] as const satisfies (readonly [Order, string])[];

export const pushOrderNames = pushOrders.map(([name]) => name);
