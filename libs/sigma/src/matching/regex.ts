import { RE2JS, RE2JSSyntaxException } from 're2js';

import { RuleError } from '../rule-error.js';
import { isSearchable } from './pattern-search.js';
import { withFlags } from './re2-source.js';
import type { Regex } from './re2-source.js';

const maxLength = 1_000;
/** Limit on instructions: memory and time of an expression are proportional to them. */
const maxInstructions = 2_000;

/** Validates an expression of a rule, in RE2's syntax. @throws RuleError */
export function readRegex(source: string, flags: string, line: number): Regex {
  const unique = [...new Set(flags)].sort().join('');
  if (source.length > maxLength) throw new RuleError(line, `an expression of more than ${maxLength} characters`);
  if (/\(\?(?:[=!]|<[=!])/.test(source))
    throw new RuleError(line, 'look-around is not supported: it has no bound on time');
  if (/(?<!\\)(?:\\\\)*\\(?:[1-9]|k<)/.test(source))
    throw new RuleError(line, 'back-references are not supported: they have no bound on time');
  if (compile({ source, flags: unique }, line).programSize() > maxInstructions)
    throw new RuleError(line, `the expression needs more than ${maxInstructions} instructions`);
  if (!isSearchable(withFlags({ source, flags: unique })))
    throw new RuleError(line, 'a text could have the expression in the middle of too much: count less, or use * and +');
  return { source, flags: unique };
}

function compile({ source, flags }: Regex, line: number): RE2JS {
  try {
    return compileRegex({ source, flags });
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw error;
    throw new RuleError(line, `not an RE2 expression: ${error.getDescription()}`);
  }
}

/** Compiles a validated expression. */
export function compileRegex(regex: Regex): RE2JS {
  return RE2JS.compile(withFlags(regex));
}
