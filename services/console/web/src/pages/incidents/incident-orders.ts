import type { QueryOf } from '../../api/types.js';

type Order = NonNullable<QueryOf<'/api/v1/incidents'>['sort']>;

/** Orders of the list with their labels. */
export const orders = [
  ['-urgency', 'most urgent first'],
  ['-number', 'newest first'],
  ['-seen', 'last event first'],
  ['-events', 'most events first'],
] as const satisfies (readonly [Order, string])[];

export const orderNames = orders.map(([name]) => name);
