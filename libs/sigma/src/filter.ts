import type { Located } from '@tidewaiter/yaml';

import { readDetections } from './detections.js';
import { appliesTo, type LogSource } from './event.js';
import { and, type Expression } from './expression.js';
import type { Placeholders } from './placeholders.js';
import { type DetectionRule, readLogSource } from './rule-document.js';
import { RuleError } from './rule-error.js';
import { itemsOf, mapOf, textAt, textOf } from './rule-fields.js';

/** Filter that narrows other rules. @see Sigma filters specification 2.1 */
export interface Filter {
  file: string;
  line: number;
  title: string | null;
  logsource: LogSource;
  /** Ids and names of the rules; null for any. */
  rules: ReadonlySet<string> | null;
  expression: Expression;
  /**
   * Whether it excludes what it selects. Otherwise it keeps only what it selects, which few authors
   * intend.
   */
  excludes: boolean;
}

/** @throws RuleError */
export function readFilter(document: Located, file: string, placeholders: Placeholders): Filter {
  const map = mapOf(document, 'a filter');
  const section = map.get('filter');
  if (!section) throw new RuleError(document.line, 'no filter');
  const filter = mapOf(section, 'filter');
  const named = itemsOf(filter.get('rules')).map((each) => textOf(each, 'rules'));
  if (named.length === 0) throw new RuleError(section.line, 'filter names no rules; any is all of them');
  return {
    file,
    line: document.line,
    title: textAt(map, 'title'),
    logsource: readLogSource(map, document.line),
    rules: named.length === 1 && named[0] === 'any' ? null : new Set(named),
    expression: readDetections(section, 'filter', placeholders),
    excludes: itemsOf(filter.get('condition')).every((each) => /\bnot\b/i.test(textOf(each, 'condition'))),
  };
}

/**
 * Adds all matching filters to a rule: an exclusion is written `not selection`, because rule and
 * filter must both hold.
 */
export function filtered(rule: DetectionRule, filters: readonly Filter[]): DetectionRule {
  const own = filters.filter((filter) => narrows(filter, rule));
  if (own.length === 0) return rule;
  return { ...rule, expression: and([rule.expression, ...own.map(({ expression }) => expression)]) };
}

/**
 * Whether a filter applies to a rule. Its log source may be as wide as the rule's or wider, never
 * narrower: it would apply to only some of the rule's events.
 */
export function narrows({ logsource, rules }: Filter, { info, logsource: ofRule }: DetectionRule): boolean {
  const isNamed = rules === null || rules.has(info.id) || (info.name !== null && rules.has(info.name));
  return isNamed && appliesTo(logsource, ofRule);
}
