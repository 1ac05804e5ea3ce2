import type { CheckInfo } from '../check.js';
import type { Script } from './parse.js';

/** Rule for commands of a build, both in a Dockerfile and in an image's history. */
export interface CommandRule extends Omit<CheckInfo, 'id'> {
  /** Id of the check without the prefix of its subject. */
  stem: string;
  /** Returns the matches, each as typed in a shell and never with a secret: `curl -k`. */
  find: (script: Script) => Iterable<string>;
  /** Scripts without a match. */
  passes: readonly string[];
  fails: readonly string[];
}
