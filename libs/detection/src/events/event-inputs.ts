import type { Observation } from '@tidewaiter/domain';
import type { FactContext } from '@tidewaiter/facts';

import type { FileWriters } from './file-writers.js';
import type { IssuedKeys } from './issued-keys.js';
import type { OwnObjects } from './own-objects.js';
import type { PodOrigins } from './pod-origins.js';
import type { ProcessTree, TreeProcess } from './process-tree.js';
import { isOwnCopy } from './session.js';

/** Inputs from which the fields of an observation are computed. */
export interface EventInputs {
  observation: Observation;
  process: TreeProcess | null;
  tree: ProcessTree;
  writers: FileWriters;
  origins: PodOrigins;
  objects: OwnObjects;
  issuedKeys: IssuedKeys;
  facts: FactContext;
}

export function ancestors({ process, tree }: EventInputs): TreeProcess[] {
  return process === null ? [] : tree.ancestors(process);
}

/**
 * Returns the process and its ancestors in the same container, without the runtime that started the
 * container.
 */
export function inside(inputs: EventInputs): TreeProcess[] {
  const { process } = inputs;
  if (process === null) return [];
  const found = [process, ...ancestors(inputs).filter(({ container }) => container === process.container)];
  // Before the entry point, the runtime runs a copy of itself in the container.
  while (found.length > 1 && isOwnCopy(found.at(-1)!.executable ?? '')) found.pop();
  return found;
}
