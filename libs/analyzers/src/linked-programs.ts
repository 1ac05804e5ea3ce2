import { NameSet } from '@tidewaiter/collections';
import type { LinkedNames } from '@tidewaiter/domain';

import type { AnalyzedLayer } from './layer-facts.js';

/**
 * Names of the code in each program of an image. Those of hidden files are included, whose packages
 * are shadowed.
 */
export function linkedPrograms(layers: readonly AnalyzedLayer[]): LinkedNames[] {
  return layers.flatMap(({ facts }) => facts.files.flatMap(({ linked }) => (linked ? linkedIn(linked) : [])));
}

/**
 * Names in an encoded set, which is decoded at the first lookup: few advisories list functions. A
 * damaged set has no names, which leaves reachability unknown.
 * @param linked base64, as in the facts of a file
 */
export function linkedIn(linked: string): LinkedNames {
  let names: LinkedNames | undefined;
  return { has: (name) => (names ??= decode(linked)).has(name) };
}

function decode(linked: string): LinkedNames {
  try {
    return NameSet.decode(Buffer.from(linked, 'base64'));
  } catch (error) {
    if (error instanceof RangeError) return new Set();
    throw error;
  }
}
