import { deliveryStates } from './delivery-rows.js';

/** States to filter by. `fallen-back`: failed, with a fallback delivery to another receiver. */
export const deliveryFilterStates = [...deliveryStates, 'fallen-back'] as const;

/** Filter of deliveries; all given conditions must hold. */
export interface DeliveryFilter {
  receiver?: string | undefined;
  state?: (typeof deliveryFilterStates)[number] | undefined;
  /** Earliest creation time. */
  since?: Date | undefined;
  /** Id of the incident, or of the push, that they are about. */
  incident?: string | undefined;
  push?: string | undefined;
}

const columns: Record<keyof DeliveryFilter, (parameter: string) => string> = {
  receiver: (parameter) => `receiver = ${parameter}`,
  state: (parameter) => `state = ${parameter}`,
  since: (parameter) => `created_at >= ${parameter}`,
  incident: (parameter) => `subject = ${parameter}`,
  push: isAboutPush,
};

/** SQL condition on `delivery`: it is about a push. */
export function isAboutPush(id: string): string {
  return `(push_id = ${id}::text::uuid OR event_id IN (SELECT id FROM outbox WHERE type = 'dev.tidewaiter.image.analyzed.v1' AND data ->> 'pushId' = ${id}))`;
}

/** SQL condition on `delivery`: it failed, and another receiver gets it instead. */
export const isFallenBack = `state = 'failed' AND EXISTS (SELECT FROM delivery AS other WHERE other.origin_id = delivery.id AND other.origin = 'fallback')`;

/** SQL condition of the filter on `delivery`; appends its values to `parameters`. */
export function conditionOf(filter: DeliveryFilter, parameters: unknown[]): string {
  const conditions = (Object.keys(columns) as (keyof DeliveryFilter)[])
    .filter((key) => filter[key] !== undefined)
    .map((key) => {
      if (filter[key] === 'fallen-back') return isFallenBack;
      parameters.push(filter[key]);
      return columns[key](`$${parameters.length}`);
    });
  return conditions.length === 0 ? 'true' : conditions.join(' AND ');
}
