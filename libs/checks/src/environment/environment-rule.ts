import type { CheckInfo } from '../check.js';

/** Variable that a config, a Dockerfile or a manifest sets. */
export interface Variable {
  name: string;
  value: string;
}

/** Rule for a variable, shared by image configs, Dockerfiles and manifests. */
export interface EnvironmentRule extends Omit<CheckInfo, 'id'> {
  /** Id of the check without the prefix of its subject. */
  stem: string;
  /**
   * Returns the problem as a phrase to follow the variable's name, never with a secret; undefined
   * if there is none.
   */
  evaluate: (variable: Variable) => string | undefined;
  /** Each `NAME=value`. */
  passes: readonly string[];
  fails: readonly string[];
}

/** Parses `NAME=value`. */
export function variableOf(text: string): Variable {
  const equals = text.indexOf('=');
  return equals < 0 ? { name: text, value: '' } : { name: text.slice(0, equals), value: text.slice(equals + 1) };
}
