import { parseMatchers } from '../matching/matcher-syntax.js';
import { createMatcher } from '../matching/matcher.js';
import type { Matcher, MatchOperator } from '../matching/matcher.js';
import type { Section } from './section.js';

/** Reads a list of matchers in text: `severity="critical"`. */
export function readMatcherList(section: Section, key: string): Matcher[] {
  const texts = section.texts(key) ?? [];
  return texts.flatMap((text, index) => section.attempt(`${key}[${index}]`, () => parseMatchers(text)) ?? []);
}

/** Alertmanager's older form of matchers: a map from label to value or expression. */
export function readLegacyMatchers(section: Section, key: string, operator: MatchOperator): Matcher[] {
  return section.pairs(key).flatMap(([name, value]) => {
    if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)) {
      section.problem(key, 'a name is not a classic label name; use matchers');
      return [];
    }
    return section.attempt(key, () => createMatcher(name, operator, value)) ?? [];
  });
}
