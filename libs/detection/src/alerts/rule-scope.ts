import type { Observation, RuntimeSource } from '@tidewaiter/domain';
import type { RuleInfo } from '@tidewaiter/sigma';

import { meaningOf } from './rule-meaning.js';

/**
 * Places where events happen. What is an attack in one is ordinary in another: packages install
 * services on a host, and builds start programs that no image has.
 */
export const ruleScopes = ['container', 'host', 'build', 'control-plane', 'cloud'] as const;

export type RuleScope = (typeof ruleScopes)[number];

const scopeOfSource: Readonly<Partial<Record<RuntimeSource, RuleScope>>> = {
  'kubernetes-audit': 'control-plane',
  'kubernetes-watch': 'control-plane',
  cloudtrail: 'cloud',
  guardduty: 'cloud',
};

/**
 * Returns the place of an event; null if unknown: then all rules apply.
 *
 * @param role role of the workload, as in the field `Image.Role`
 */
export function scopeOf(
  {
    source,
    request,
    process,
    container,
    pod,
  }: Pick<Observation, 'source' | 'request' | 'process' | 'container' | 'pod'>,
  role: () => unknown,
): RuleScope | null {
  const ofSource = scopeOfSource[source];
  if (ofSource !== undefined) return ofSource;
  if (request !== null) return null;
  if (container !== null || pod !== null) return role() === 'builder' ? 'build' : 'container';
  return process === null ? null : 'host';
}

/** Whether a rule applies to events of a place; one that names no place applies everywhere. */
export function isInScope(rule: RuleInfo, scope: RuleScope | null): boolean {
  const { scopes } = meaningOf(rule);
  return scope === null || scopes === null || scopes.includes(scope);
}

/**
 * Why a rule is refused: a rule with a `tidewaiter:` block must name the places where it applies,
 * so that a rule about containers is not evaluated for the package manager of a node. Null for
 * rules without the block, such as those of SigmaHQ.
 */
export function scopeProblem(rule: RuleInfo): string | null {
  if (!Object.hasOwn(rule.custom, 'tidewaiter')) return null;
  const scopes = meaningOf(rule).scopes ?? [];
  if (scopes.length > 0 && scopes.every((scope) => ruleScopes.some((known) => known === scope))) return null;
  return `tidewaiter.scope must list where the rule applies: ${ruleScopes.join(', ')}`;
}
