import type { JsonObject, JsonValue } from '@tidewaiter/domain';

const maxText = 512;

/** Returns the object at a path of keys, or an empty one: input of sensors may have any shape. */
export function objectAt(value: JsonValue | undefined, ...keys: string[]): JsonObject {
  let found = value;
  for (const key of keys) found = isObject(found) && Object.hasOwn(found, key) ? found[key] : undefined;
  return isObject(found) ? found : {};
}

export function listAt(object: JsonObject, key: string): JsonObject[] {
  const list = Object.hasOwn(object, key) ? object[key] : undefined;
  return Array.isArray(list) ? list.slice(0, 1000).filter(isObject) : [];
}

export function textAt(object: JsonObject, key: string): string | null {
  const text = Object.hasOwn(object, key) ? object[key] : undefined;
  return typeof text === 'string' && text !== '' && text.length <= maxText ? text : null;
}

export function timeAt(object: JsonObject, key: string): number | null {
  const timeMs = Date.parse(textAt(object, key) ?? '');
  return Number.isNaN(timeMs) ? null : timeMs;
}

/** Returns at most 64 labels whose values are texts. */
export function labelsAt(object: JsonObject, key: string): Record<string, string> {
  const labels = Object.entries(objectAt(object, key)).filter(
    ([name, value]) => name !== '__proto__' && typeof value === 'string',
  );
  return Object.fromEntries(labels.slice(0, 64)) as Record<string, string>;
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
