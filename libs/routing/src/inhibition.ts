import type { Labels } from '@tidewaiter/domain';

import { MatcherIndex } from './matcher-index.js';
import { createMatcher, labelValue, matches } from './matcher.js';
import type { Matcher } from './matcher.js';
import { readLegacyMatchers, readMatcherList } from './read-matchers.js';
import type { Section } from './section.js';

/** While an alert meets the source, others that meet the target and agree in some labels are not told. */
export interface InhibitRule {
  source: readonly Matcher[];
  target: readonly Matcher[];
  /** Labels in which both must have the same value; one that neither has is the same. */
  equal: readonly string[];
}

const findingKinds = 'vulnerability|secret|misconfiguration|integrity|malware|supply-chain';

/** What holds where the file has no `inhibit_rules`: an incident speaks for what is wrong with the image that it is about. */
export const builtInInhibitRules: readonly InhibitRule[] = [
  {
    source: [createMatcher('kind', '=', 'incident'), createMatcher('digest', '!=', '')],
    target: [createMatcher('kind', '=~', findingKinds), createMatcher('new', '=', 'false')],
    equal: ['digest'],
  },
];

/** Reads `inhibit_rules`. @see https://prometheus.io/docs/alerting/latest/configuration/ `<inhibit_rule>` */
export function readInhibitRules(root: Section): readonly InhibitRule[] {
  if (!root.isList('inhibit_rules')) return builtInInhibitRules;
  return root.sections('inhibit_rules').map((section) => {
    const side = (name: 'source' | 'target') => [
      ...readMatcherList(section, `${name}_matchers`),
      ...readLegacyMatchers(section, `${name}_match`, '='),
      ...readLegacyMatchers(section, `${name}_match_re`, '=~'),
    ];
    const rule = { source: side('source'), target: side('target'), equal: section.texts('equal') ?? [] };
    // A name that people give to a rule.
    section.scalar('name');
    section.refuse(['sources']);
    section.finish();
    return rule;
  });
}

/** An alert that fires, by whatever its owner calls it. */
interface Firing {
  id: string;
  labels: Labels;
}

/** A rule, and the alerts that meet its source. */
interface KeptRule {
  rule: InhibitRule;
  /** By the values of the `equal` labels, then by id. */
  sources: Map<string, Map<string, Labels>>;
}

/** Which alerts fire now, kept so that the question whether one of them inhibits another costs no walk over all of them. */
export class Inhibitions {
  readonly #bySource: MatcherIndex<KeptRule>;
  readonly #byTarget: MatcherIndex<KeptRule>;

  constructor(rules: readonly InhibitRule[]) {
    const kept = rules.map((rule): KeptRule => ({ rule, sources: new Map() }));
    this.#bySource = new MatcherIndex(kept, ({ rule }) => rule.source);
    this.#byTarget = new MatcherIndex(kept, ({ rule }) => rule.target);
  }

  /** Whether it may inhibit others while it fires. */
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

  /** The id of an alert that inhibits this one; null when none does. */
  inhibitorOf(labels: Labels): string | null {
    for (const { rule, sources } of this.#byTarget.of(labels)) {
      const alike = sources.size === 0 ? undefined : sources.get(equalKey(rule, labels));
      if (alike === undefined) continue;
      const isSource = rule.source.every((matcher) => matches(matcher, labels));
      for (const [id, source] of alike) {
        // What is both source and target of a rule is not inhibited by what is both, too: neither would be told.
        if (!isSource || !rule.target.every((matcher) => matches(matcher, source))) return id;
      }
    }
    return null;
  }
}

/** No label of ours holds U+0000. */
function equalKey({ equal }: InhibitRule, labels: Labels): string {
  return equal.map((name) => labelValue(labels, name)).join('\0');
}
