import type { CheckInfo } from '../check.js';

/** One variable as a config, a Dockerfile or a manifest sets it. */
export interface Variable {
  name: string;
  value: string;
}

/** What is wrong with a variable, whoever sets it. */
export interface EnvironmentRule extends Omit<CheckInfo, 'id'> {
  /** The id of the check without what it looks at. */
  stem: string;
  /** What is wrong in a few words that follow the name of the variable, never with a secret; undefined when nothing is. */
  judge: (variable: Variable) => string | undefined;
  /** Each `NAME=value`. */
  passes: readonly string[];
  fails: readonly string[];
}

/** Reads `NAME=value`. */
export function variableOf(text: string): Variable {
  const equals = text.indexOf('=');
  return equals < 0 ? { name: text, value: '' } : { name: text.slice(0, equals), value: text.slice(equals + 1) };
}
