import type { JsonObject, JsonValue } from '@tidewaiter/domain';
import type { RuleInfo } from '@tidewaiter/sigma';

import { type Work, works } from '../events/own-work.js';
import type { AlertRule, Weight } from './alert.js';
import { tacticOf, techniqueOf } from './tactics.js';

/** Meaning of a rule for incidents: its `tidewaiter:` block, with defaults for missing keys. */
export interface RuleMeaning {
  finding: string | null;
  name: string | null;
  stage: string | null;
  weight: Weight;
  /** See {@link extraJoins}. */
  joins: string[];
  techniques: string[];
  /** Places where the rule applies, see `rule-scope.ts`; null if it names none. */
  scopes: readonly string[] | null;
  /** Work of a container that explains its alerts. */
  explained: Work | null;
}

const meanings = new WeakMap<RuleInfo, RuleMeaning>();

export function meaningOf(rule: RuleInfo): RuleMeaning {
  let meaning = meanings.get(rule);
  if (meaning === undefined) meanings.set(rule, (meaning = readMeaning(rule)));
  return meaning;
}

export function alertRule(rule: RuleInfo): AlertRule {
  const { id, title, author, license, level, tags, references, file } = rule;
  return { id, title, author, license, level, tags: [...tags], link: references[0] ?? null, file };
}

function readMeaning(rule: RuleInfo): RuleMeaning {
  const own = ownBlock(rule);
  const techniques = rule.tags.flatMap((tag) => techniqueOf(tag) ?? []);
  return {
    finding: textAt(own, 'finding'),
    name: textAt(own, 'name'),
    stage: textAt(own, 'stage') ?? rule.tags.map(tacticOf).find((tactic) => tactic !== null) ?? null,
    weight: weights.find((weight) => weight === own['weight']) ?? defaultWeight(rule),
    // An escape continues on the node.
    joins: [...textsAt(own, 'joins'), ...(techniques.includes('T1611') ? ['node'] : [])],
    techniques,
    explained: explanations.find((work) => work === own['explained']) ?? null,
    scopes: Array.isArray(own['scope']) ? textsAt(own, 'scope') : null,
  };
}

const explanations = Object.keys(works) as Work[];
const weights = ['alone', 'support', 'context'] as const;

/**
 * Default weight of a user's rule without a `tidewaiter:` block, by its level: high and critical
 * open an incident, medium supports one.
 */
function defaultWeight({ level }: RuleInfo): Weight {
  if (level === 'critical' || level === 'high') return 'alone';
  return level === 'medium' ? 'support' : 'context';
}

/** The `tidewaiter:` block of a rule, empty if it has none. */
function ownBlock({ custom }: RuleInfo): JsonObject {
  const value = Object.hasOwn(custom, 'tidewaiter') ? custom['tidewaiter'] : undefined;
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {};
}

function textAt(object: JsonObject, key: string): string | null {
  const value: JsonValue | undefined = object[key];
  return typeof value === 'string' && value !== '' ? value : null;
}

function textsAt(object: JsonObject, key: string): string[] {
  const value = object[key];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
