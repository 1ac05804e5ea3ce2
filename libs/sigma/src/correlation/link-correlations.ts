import { shown } from '../rule-error.js';
import type { Level, RuleInfo } from '../rule-info.js';
import { levels } from '../rule-info.js';
import type { CorrelationRule } from './correlation-rule.js';

export interface LinkedCorrelations {
  /** Linked correlations, inner ones before those that build on them. */
  linked: CorrelationRule[];
  refused: { info: RuleInfo; line: number; reason: string }[];
}

/** Limit on nesting, so that a chain of a thousand documents does not overflow the stack. */
const maxNesting = 32;

/**
 * Links correlations, of which no two share an id or name, to the rules and to each other by id or
 * name. One with an unknown reference or a cycle is refused, together with those that build on it;
 * the others stay.
 */
export function linkCorrelations(
  correlations: readonly CorrelationRule[],
  rules: Iterable<RuleInfo>,
): LinkedCorrelations {
  return new Linker(correlations, rules).link();
}

/**
 * Ids and names, as correlations write them, of parts that raise no alert of their own: those of a
 * correlation that does not `generate`.
 */
export function silentParts(correlations: readonly CorrelationRule[]): ReadonlySet<string> {
  return new Set(correlations.filter(({ generate }) => !generate).flatMap(({ rules }) => rules));
}

/** Returns all fields that correlations may read from an event. */
export function correlationFields(correlations: readonly CorrelationRule[]): ReadonlySet<string> {
  const fields = new Set<string>();
  for (const { groupBy, aliases, fields: values } of correlations)
    for (const name of [...groupBy, ...values]) {
      const alias = aliases.get(name);
      for (const field of alias ? alias.values() : [name]) fields.add(field);
    }
  return fields;
}

type Outcome = { level: Level; depth: number } | { reason: string };

class Linker {
  readonly #rules = new Map<string, RuleInfo>();
  readonly #correlations = new Map<string, CorrelationRule>();
  readonly #outcomes = new Map<CorrelationRule, Outcome | 'under way'>();
  readonly #result: LinkedCorrelations = { linked: [], refused: [] };

  constructor(
    private readonly all: readonly CorrelationRule[],
    rules: Iterable<RuleInfo>,
  ) {
    for (const rule of rules) for (const word of wordsOf(rule)) this.#rules.set(word, rule);
    for (const correlation of all)
      for (const word of wordsOf(correlation.info)) this.#correlations.set(word, correlation);
  }

  link(): LinkedCorrelations {
    for (const correlation of this.all) this.#visit(correlation, 0);
    return this.#result;
  }

  #visit(correlation: CorrelationRule, depth: number): Outcome {
    const known = this.#outcomes.get(correlation);
    if (known === 'under way') return { reason: 'it comes back to itself' };
    if (known) return known;
    this.#outcomes.set(correlation, 'under way');
    const outcome = this.#evaluate(correlation, depth);
    this.#outcomes.set(correlation, outcome);
    const { info, line } = correlation;
    if ('reason' in outcome) this.#result.refused.push({ info, line, reason: outcome.reason });
    else this.#result.linked.push({ ...correlation, info: { ...info, level: outcome.level } });
    return outcome;
  }

  #evaluate(correlation: CorrelationRule, depth: number): Outcome {
    if (depth > maxNesting) return { reason: `correlations are nested deeper than ${maxNesting} levels` };
    const unknown = this.#strangerAmong(correlation);
    if (unknown !== undefined) return { reason: `no rule has the id or name ${shown(unknown)}` };
    let highest = 0;
    let nesting = 0;
    for (const word of correlation.rules) {
      const part = this.#part(word, depth);
      if ('reason' in part) return { reason: `${shown(word)} cannot be used: ${part.reason}` };
      highest = Math.max(highest, levels.indexOf(part.level));
      nesting = Math.max(nesting, part.depth + 1);
    }
    if (nesting > maxNesting) return { reason: `correlations are nested deeper than ${maxNesting} levels` };
    return { level: correlation.hasLevel ? correlation.info.level : levels[highest]!, depth: nesting };
  }

  #part(word: string, depth: number): Outcome {
    const rule = this.#rules.get(word);
    return rule ? { level: rule.level, depth: 0 } : this.#visit(this.#correlations.get(word)!, depth + 1);
  }

  #strangerAmong({ rules, aliases }: CorrelationRule): string | undefined {
    const words = [...rules, ...[...aliases.values()].flatMap((mapping) => [...mapping.keys()])];
    return words.find((word) => !this.#rules.has(word) && !this.#correlations.has(word));
  }
}

function wordsOf({ id, name }: RuleInfo): string[] {
  return [id, name].filter((word): word is string => word !== null && word !== '');
}
