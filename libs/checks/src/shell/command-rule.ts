import type { CheckInfo } from '../check.js';
import type { Script } from './parse.js';

/** What is wrong with a command of a build, wherever builds are written down: in a Dockerfile or in an image's history. */
export interface CommandRule extends Omit<CheckInfo, 'id'> {
  /** The id of the check without what it looks at. */
  stem: string;
  /** What was seen, each as people would type it and never with a secret: `curl -k`. */
  find: (script: Script) => Iterable<string>;
  /** Scripts. */
  passes: readonly string[];
  fails: readonly string[];
}
