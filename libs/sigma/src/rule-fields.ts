import { isList, isMap, type Located, type LocatedList, type LocatedMap } from '@tidewaiter/yaml';

import { RuleError, shown } from './rule-error.js';

/** @throws RuleError when it is not a map */
export function mapOf({ value, line }: Located, what: string): LocatedMap {
  if (!isMap(value)) throw new RuleError(line, `${what} must be a map`);
  return value;
}

/**
 * Returns the items of a list; a single value becomes a list of one, and a missing one an empty
 * list.
 */
export function itemsOf(located: Located | undefined): LocatedList {
  if (!located || located.value === null) return [];
  return isList(located.value) ? located.value : [located];
}

/** Converts numbers and booleans to text. @throws RuleError when it is a list or a map */
export function textOf({ value, line }: Located, what: string): string {
  if (value === null || typeof value === 'object') throw new RuleError(line, `${what} must be text`);
  return String(value);
}

/**
 * Returns the text under a key; null when it is missing or empty.
 * @throws RuleError when it is a list or a map
 */
export function textAt(map: LocatedMap, key: string): string | null {
  const located = map.get(key);
  return located && located.value !== null && located.value !== '' ? textOf(located, key) : null;
}

/** @throws RuleError when one is a list or a map */
export function textsAt(map: LocatedMap, key: string): string[] {
  return itemsOf(map.get(key)).map((item) => textOf(item, key));
}

/** Refuses unknown keys: a misspelled one must not be ignored. @throws RuleError */
export function onlyKeys(map: LocatedMap, known: readonly string[], where: string): void {
  for (const [key, { line }] of map)
    if (!known.includes(key)) throw new RuleError(line, `${where} has the unknown key ${shown(key)}`);
}
