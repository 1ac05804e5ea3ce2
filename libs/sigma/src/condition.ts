import { globMatcher } from './matching/glob.js';
import { RuleError, shown } from './rule-error.js';
import { anyRun, joined } from './sigma-string.js';
import type { Part } from './sigma-string.js';

/** Parsed condition, before its names are resolved. */
export type Condition =
  | { kind: 'and' | 'or'; parts: readonly Condition[] }
  | { kind: 'not'; part: Condition }
  | { kind: 'name'; name: string }
  /** `1 of selection_*`, `all of them` (which is `*`). */
  | { kind: 'of'; quantifier: 'any' | 'all'; pattern: string };

const maxTokens = 2_000;
const maxDepth = 50;

/**
 * Parses a condition: `or` binds weaker than `and`, which binds weaker than `not`. Operators are
 * whole words.
 * @throws RuleError
 * @see Sigma rules specification 2.1, "Condition"
 */
export function parseCondition(text: string, line: number): Condition {
  const tokens = text.match(/[()|]|[^\s()|]+/g) ?? [];
  if (tokens.length > maxTokens) throw new RuleError(line, `a condition of more than ${maxTokens} words`);
  let at = 0;
  let depth = 0;

  function chain(operator: 'or' | 'and', next: () => Condition): Condition {
    const parts = [next()];
    while (isWord(operator)) {
      at += 1;
      parts.push(next());
    }
    return parts.length === 1 && parts[0] ? parts[0] : { kind: operator, parts };
  }

  const either = (): Condition => chain('or', () => chain('and', operand));

  function operand(): Condition {
    depth += 1;
    if (depth > maxDepth) throw new RuleError(line, `a condition nested deeper than ${maxDepth} levels`);
    const read = prefixed();
    depth -= 1;
    return read;
  }

  function prefixed(): Condition {
    if (isWord('not')) {
      at += 1;
      return { kind: 'not', part: operand() };
    }
    if (tokens[at] === '(') {
      at += 1;
      const inner = either();
      if (tokens[at] !== ')') throw unexpected();
      at += 1;
      return inner;
    }
    return selection();
  }

  function selection(): Condition {
    const word = tokens[at];
    if (word === undefined || !isName(word)) throw unexpected();
    at += 1;
    if (!isWord('of')) return { kind: 'name', name: word };
    const quantifier = quantifiers.get(word.toLowerCase());
    if (!quantifier) throw new RuleError(line, `${shown(word)} of: only 1, any and all can stand there`);
    const pattern = tokens[at + 1];
    if (pattern === undefined || !/^[\w*-]+$/.test(pattern) || (isOperator(pattern) && pattern !== 'them')) {
      at += 1;
      throw unexpected();
    }
    at += 2;
    return { kind: 'of', quantifier, pattern: pattern.toLowerCase() === 'them' ? '*' : pattern };
  }

  function isWord(word: string): boolean {
    return tokens[at]?.toLowerCase() === word;
  }

  function unexpected(): RuleError {
    const token = tokens[at];
    if (token === '|') return new RuleError(line, 'aggregations behind | are not Sigma 2: write a correlation rule');
    return new RuleError(
      line,
      token === undefined ? 'the condition ends too early' : `the condition has ${shown(token)} in the wrong place`,
    );
  }

  const condition = either();
  if (at < tokens.length) throw unexpected();
  return condition;
}

const quantifiers: ReadonlyMap<string, 'any' | 'all'> = new Map([
  ['1', 'any'],
  ['any', 'any'],
  ['all', 'all'],
]);

function isName(word: string): boolean {
  return /^[\w-]+$/.test(word) && !isOperator(word);
}

function isOperator(word: string): boolean {
  return /^(?:and|or|not|of)$/i.test(word);
}

/** Returns the names that a pattern selects; those that begin with `_` only if the pattern does. */
export function namesOf(pattern: string, names: Iterable<string>): string[] {
  const parts = pattern.split('*').flatMap((piece, index): Part[] => (index === 0 ? [piece] : [anyRun, piece]));
  const selects = globMatcher(joined(parts));
  return [...names].filter((name) => selects(name) && (pattern.startsWith('_') || !name.startsWith('_')));
}
