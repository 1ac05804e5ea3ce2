import type { Observation } from '@tidewaiter/domain';

import type { ProcessTree, TreeProcess } from './process-tree.js';
import { isRuntimeCopy } from './session.js';

/** Link by which a program starts itself again. Sensors report the name that was asked for. */
const self = '/proc/self/exe';

/**
 * Puts the program in place of the link by which it started itself again, as browsers, builders and
 * servers do for their helpers. A program in memory or outside the image stays one. A container
 * runtime that does so becomes what it starts, and keeps the link.
 */
export function nameSelfExec({ process: seen }: Observation, process: TreeProcess | null, tree: ProcessTree): void {
  if (seen === null || process === null) return;
  if (process.executable === self) process.executable = programBehind(process, tree) ?? self;
  if (seen.executable === self && process.executable !== null) seen.executable = process.executable;
  if (seen.parentExecutable === self) seen.parentExecutable = tree.parentOf(process)?.executable ?? self;
}

function programBehind(process: TreeProcess, tree: ProcessTree): string | null {
  const parent = tree.parentOf(process);
  if (parent?.executable == null || isRuntimeCopy(self, parent.executable)) return null;
  return parent.container === process.container ? parent.executable : null;
}
