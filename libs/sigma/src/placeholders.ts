import { RuleError, shown } from './rule-error.js';
import { joined, parseString } from './sigma-string.js';
import type { SigmaString } from './sigma-string.js';

/** Values for `%name%`, in the syntax of rules. */
export type Placeholders = ReadonlyMap<string, readonly string[]>;

/**
 * Replaces the placeholders of a string by each combination of values; `\%` is a percent sign.
 * @throws RuleError for a name without a value: a rule that needs one would never match
 */
export function expandPlaceholders(string: SigmaString, placeholders: Placeholders, line: number): SigmaString[] {
  let expanded: SigmaString[] = [[]];
  for (const part of string) {
    const choices: SigmaString[][] = typeof part === 'string' ? textChoices(part) : [[[part]]];
    for (const choice of choices) {
      if (expanded.length * choice.length > maxCombinations)
        throw new RuleError(line, `placeholders stand for more than ${maxCombinations} values`);
      expanded = expanded.flatMap((start) => choice.map((end) => [...start, ...end]));
    }
  }
  return expanded.map(joined);

  /** Returns the alternatives for each piece of the text. */
  function textChoices(text: string): SigmaString[][] {
    return [...text.matchAll(/\\%|%([A-Za-z0-9_.-]+)%|[^%\\]+|[%\\]/g)].map(([token, name]) => {
      if (name === undefined) return [[token === String.raw`\%` ? '%' : token]];
      const values = placeholders.get(name);
      if (!values || values.length === 0) throw new RuleError(line, `placeholder ${shown(name)} has no value`);
      return values.map(parseString);
    });
  }
}

const maxCombinations = 10_000;
