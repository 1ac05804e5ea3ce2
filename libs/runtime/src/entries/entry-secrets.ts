import type { JsonObject, JsonValue } from '@tidewaiter/domain';

/** A document without its secrets, and these by their paths. */
export interface SplitDocument {
  document: JsonObject;
  secrets: Record<string, string>;
  /** Paths of those that are null: they are to be removed. */
  removed: string[];
}

/** Takes the texts under some keys, at any depth, out of a document. */
export function splitSecrets(document: JsonObject, secretKeys: readonly string[]): SplitDocument {
  const secrets: Record<string, string> = {};
  const removed: string[] = [];
  const without = (value: JsonValue, path: readonly (string | number)[]): JsonValue => {
    if (Array.isArray(value)) return value.map((each, index) => without(each, [...path, index]));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, each]): [string, JsonValue][] => {
        if (!secretKeys.includes(key)) return [[key, without(each, [...path, key])]];
        const place = [...path, key].join('.');
        if (typeof each === 'string') secrets[place] = each;
        else if (each === null) removed.push(place);
        // The schema reports any other value.
        else return [[key, each]];
        return [];
      }),
    );
  };
  return { document: without(document, []) as JsonObject, secrets, removed };
}

/** Puts secrets back to their paths; a path whose parents are gone is left out. */
export function withSecrets(document: JsonObject, secrets: Readonly<Record<string, string>>): JsonObject {
  const whole = structuredClone(document);
  for (const [path, secret] of Object.entries(secrets)) {
    const keys = path.split('.');
    const parent = parentOf(whole, keys);
    if (parent) parent[keys.at(-1)!] = secret;
  }
  return whole;
}

/** Whether a document has the object that holds the secret of a path. */
export function hasPlaceFor(document: JsonObject, path: string): boolean {
  return parentOf(document, path.split('.')) !== undefined;
}

function parentOf(document: JsonObject, keys: readonly string[]): JsonObject | undefined {
  let parent: JsonValue | undefined = document;
  for (const key of keys.slice(0, -1)) {
    if (typeof parent !== 'object' || parent === null || !Object.hasOwn(parent, key)) return undefined;
    parent = (parent as JsonObject)[key];
  }
  return typeof parent === 'object' && parent !== null && !Array.isArray(parent) ? parent : undefined;
}
