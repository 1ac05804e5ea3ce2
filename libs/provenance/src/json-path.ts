import { storableText } from '@tidewaiter/oci';

import { provenanceLimits } from './limits.js';

/** Reads the value at a path of a hostile JSON document, ignoring prototypes. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let found = value;
  for (const step of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, step)) return undefined;
    found = (found as Record<string | number, unknown>)[step];
  }
  return found;
}

/** Text at a path; null if there is none, or it is longer than the limit. */
export function textAt(value: unknown, ...path: readonly (string | number)[]): string | null {
  const found = at(value, ...path);
  if (typeof found !== 'string' || found === '' || found.length > provenanceLimits.maxTextLength) return null;
  return storableText(found);
}

export function listAt(value: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}
