import type { Located } from '@tidewaiter/yaml';

/** Value at a path of keys; undefined if one of them is missing or no map. */
export function at(node: Located | undefined, ...keys: readonly string[]): Located | undefined {
  let found = node;
  for (const key of keys)
    found = found?.value instanceof Map ? (found.value as ReadonlyMap<string, Located>).get(key) : undefined;
  return found?.value === null ? undefined : found;
}

/** Text at a path; numbers and booleans as they would be written. */
export function textAt(node: Located | undefined, ...keys: readonly string[]): string | undefined {
  const value = at(node, ...keys)?.value;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined;
}

export function numberAt(node: Located | undefined, ...keys: readonly string[]): number | undefined {
  const value = at(node, ...keys)?.value;
  return typeof value === 'number' ? value : undefined;
}

/** Items of the list at a path. */
export function itemsAt(node: Located | undefined, ...keys: readonly string[]): readonly Located[] {
  const value = at(node, ...keys)?.value;
  return Array.isArray(value) ? (value as readonly Located[]) : [];
}

/** Texts of the list at a path. */
export function textsAt(node: Located | undefined, ...keys: readonly string[]): string[] {
  return itemsAt(node, ...keys).flatMap((item) => textAt(item) ?? []);
}

/** Keys and values of the map at a path. */
export function entriesAt(node: Located | undefined, ...keys: readonly string[]): [string, Located][] {
  const value = at(node, ...keys)?.value;
  return value instanceof Map ? [...(value as ReadonlyMap<string, Located>)] : [];
}

/**
 * Whether a boolean is true; Kubernetes reads YAML 1.1, in which `yes` and `on` are booleans too.
 */
export function isTrue(node: Located | undefined): boolean {
  return node?.value === true || (typeof node?.value === 'string' && /^(?:y|yes|on|true)$/i.test(node.value));
}

/** Whether a boolean is set and false. */
export function isFalse(node: Located | undefined): boolean {
  return node?.value === false || (typeof node?.value === 'string' && /^(?:n|no|off|false)$/i.test(node.value));
}
