import type { JsonObject, JsonValue } from '@tidewaiter/domain';

import { isObject, text } from '../json.js';

const maxOperations = 1000;
const maxDepth = 32;

/**
 * Object that the operations of a JSON Patch describe: `replace /spec/hostPID true` gives
 * `{ spec: { hostPID: true } }`. For lists it has only the changed items.
 * @see https://www.rfc-editor.org/rfc/rfc6902
 */
export function objectOfPatch(operations: readonly JsonValue[]): JsonObject {
  const root = emptyObject();
  const ours = new Set([root]);
  for (const [index, operation] of operations.slice(0, maxOperations).filter(isObject).entries()) {
    const { op, path, value } = operation;
    if ((op !== 'add' && op !== 'replace') || value === undefined) continue;
    const segments = segmentsOf(text(path) ?? '', `${index}`);
    const name = segments.pop();
    if (name === undefined) continue;
    let at = root;
    for (const segment of segments) at = memberOf(at, segment, ours);
    at[name] = value;
  }
  return withLists(root) as JsonObject;
}

/**
 * Segments of a pointer; empty for one too deep to be about a pod. `-` is a place of its own at the
 * end of a list.
 */
function segmentsOf(pointer: string, place: string): string[] {
  const segments = pointer.split('/', maxDepth + 2).slice(1);
  if (segments.length > maxDepth) return [];
  return segments.map((segment) => (segment === '-' ? place : segment.replaceAll('~1', '/').replaceAll('~0', '~')));
}

/**
 * The object at `name`, created where it is missing; a value of an operation is copied before it is
 * changed.
 */
function memberOf(parent: JsonObject, name: string, ours: Set<JsonObject>): JsonObject {
  const found = parent[name];
  if (isObject(found) && ours.has(found)) return found;
  const member = Object.assign(emptyObject(), isObject(found) || Array.isArray(found) ? found : {}) as JsonObject;
  ours.add(member);
  parent[name] = member;
  return member;
}

/** Turns objects with only numeric keys back into lists. */
function withLists(value: JsonValue, depth = 0): JsonValue {
  if (!isObject(value) || depth > maxDepth) return value;
  const members = Object.entries(value).map(([name, member]) => [name, withLists(member, depth + 1)] as const);
  if (members.length > 0 && members.every(([name]) => /^\d{1,6}$/.test(name)))
    return members.map(([, member]) => member);
  const object = emptyObject();
  for (const [name, member] of members) object[name] = member;
  return object;
}

function emptyObject(): JsonObject {
  return Object.create(null) as JsonObject;
}
