import type { Labels } from '@tidewaiter/domain';

import { readLegacyMatchers, readMatcherList } from '../config/read-matchers.js';
import type { Section } from '../config/section.js';
import { MatcherIndex } from './matcher-index.js';
import { createMatcher, labelValue, matches } from './matcher.js';
import type { Matcher } from './matcher.js';

/**
 * While an alert matches the source, alerts that match the target and agree in the `equal` labels
 * are suppressed.
 */
export interface InhibitRule {
  source: readonly Matcher[];
  target: readonly Matcher[];
  /**
   * Labels that must have the same value in both alerts; a label that both lack counts as equal.
   */
  equal: readonly string[];
}

const findingKinds = 'vulnerability|secret|misconfiguration|integrity|malware|supply-chain';

/**
 * Rules used when the file has no `inhibit_rules`: an incident suppresses the findings of its image
 * that are not new.
 */
export const builtInInhibitRules: readonly InhibitRule[] = [
  {
    source: [createMatcher('kind', '=', 'incident'), createMatcher('digest', '!=', '')],
    target: [createMatcher('kind', '=~', findingKinds), createMatcher('new', '=', 'false')],
    equal: ['digest'],
  },
];

/**
 * Reads `inhibit_rules`.
 * @see https://prometheus.io/docs/alerting/latest/configuration/ `<inhibit_rule>`
 */
export function readInhibitRules(root: Section): readonly InhibitRule[] {
  if (!root.isList('inhibit_rules')) return builtInInhibitRules;
  return root.sections('inhibit_rules').map((section) => {
    const side = (name: 'source' | 'target') => [
      ...readMatcherList(section, `${name}_matchers`),
      ...readLegacyMatchers(section, `${name}_match`, '='),
      ...readLegacyMatchers(section, `${name}_match_re`, '=~'),
    ];
    const rule = { source: side('source'), target: side('target'), equal: section.texts('equal') ?? [] };
    // The optional name of a rule; it has no effect.
    section.scalar('name');
    section.refuse(['sources']);
    section.finish();
    return rule;
  });
}

/** Firing alert, under the id that its owner uses. */
interface Firing {
  id: string;
  labels: Labels;
}

/** Rule with the firing alerts that match its source. */
interface KeptRule {
  rule: InhibitRule;
  /** By the values of the `equal` labels, then by id. */
  sources: Map<string, Map<string, Labels>>;
}

/** Index of the firing alerts that finds an inhibiting alert without a scan of all of them. */
export class Inhibitions {
  readonly #bySource: MatcherIndex<KeptRule>;
  readonly #byTarget: MatcherIndex<KeptRule>;

  constructor(rules: readonly InhibitRule[]) {
    const kept = rules.map((rule): KeptRule => ({ rule, sources: new Map() }));
    this.#bySource = new MatcherIndex(kept, ({ rule }) => rule.source);
    this.#byTarget = new MatcherIndex(kept, ({ rule }) => rule.target);
  }

  /** Whether an alert with these labels can inhibit others while it fires. */
  isSource(labels: Labels): boolean {
    return this.#bySource.of(labels).next().done !== true;
  }

  fire({ id, labels }: Firing): void {
    for (const { rule, sources } of this.#bySource.of(labels)) {
      const key = equalKey(rule, labels);
      const alike = sources.get(key);
      if (alike) alike.set(id, labels);
      else sources.set(key, new Map([[id, labels]]));
    }
  }

  resolve({ id, labels }: Firing): void {
    for (const { rule, sources } of this.#bySource.of(labels)) {
      const key = equalKey(rule, labels);
      const alike = sources.get(key);
      if (alike?.delete(id) && alike.size === 0) sources.delete(key);
    }
  }

  /** Id of an alert that inhibits this one; null when none does. */
  inhibitorOf(labels: Labels): string | null {
    for (const { rule, sources } of this.#byTarget.of(labels)) {
      const alike = sources.size === 0 ? undefined : sources.get(equalKey(rule, labels));
      if (alike === undefined) continue;
      const isSource = rule.source.every((matcher) => matches(matcher, labels));
      for (const [id, source] of alike) {
        // An alert that matches both sides of a rule is not inhibited by another that does too:
        // they would suppress each other.
        if (!isSource || !rule.target.every((matcher) => matches(matcher, source))) return id;
      }
    }
    return null;
  }
}

/** Joins the `equal` values with U+0000, which no label of Tidewaiter contains. */
function equalKey({ equal }: InhibitRule, labels: Labels): string {
  return equal.map((name) => labelValue(labels, name)).join('\0');
}
