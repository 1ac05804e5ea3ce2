import type { Observation } from '@tidewaiter/domain';

import { containerFields } from './container-fields.js';
import type { FactContext } from './context.js';
import { destinationFields } from './destination-fields.js';
import type { FactField } from './fact-field.js';
import { fileFields } from './file-fields.js';
import { identityFields } from './identity-fields.js';
import { imageFields } from './image-fields.js';
import { policyFields } from './policy-fields.js';
import { subjectOf } from './subject.js';

/** All facts that rules can use, in the order of the documentation. */
export const factFields: readonly FactField[] = [
  ...imageFields,
  ...fileFields,
  ...containerFields,
  ...destinationFields,
  ...identityFields,
  ...policyFields,
];

const byName = new Map(factFields.map((field) => [field.name, field]));

export function isFactField(name: string): boolean {
  return byName.has(name);
}

/** Returns the function that computes a fact; undefined for an unknown name. */
export function factGetter(name: string): ((observation: Observation, context: FactContext) => unknown) | undefined {
  const field = byName.get(name);
  return field && ((observation, context) => field.answer(subjectOf(observation, context)) ?? undefined);
}

/**
 * Computes a fact about an observation: boolean, text, number or list. Undefined if it is unknown,
 * and for names of other fields. Lazy; never throws.
 */
export function factField(name: string, observation: Observation, context: FactContext): unknown {
  return byName.get(name)?.answer(subjectOf(observation, context)) ?? undefined;
}
