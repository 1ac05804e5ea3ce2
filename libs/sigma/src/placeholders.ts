import { RuleError, shown } from './rule-error.js';
import { joined, parseString } from './sigma-string.js';
import type { SigmaString } from './sigma-string.js';

/** Values for `%name%`, as they would be written in a rule. */
export type Placeholders = ReadonlyMap<string, readonly string[]>;

/**
 * The string with each combination of values in place of its placeholders; `\%` is a percent sign.
 * @throws RuleError for a name that has no value: a rule that waits for one would never match
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

  /** For each piece of the text, what may stand for it. */
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
