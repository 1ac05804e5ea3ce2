import type { JsonObject, JsonValue } from '@tidewaiter/domain';

import { isObject, list, text } from '../json.js';

/** The arguments of an event by name. */
export type TraceeArguments = ReadonlyMap<string, JsonValue>;

/**
 * From `args` (`{ name, value }`) or, of the protobuf, `data`
 * (`{ name, str | int32 | str_array … }`).
 */
export function readArguments(event: JsonObject): TraceeArguments {
  const read = new Map<string, JsonValue>();
  for (const argument of list(event['args'] ?? event['data'])) {
    if (!isObject(argument)) continue;
    const name = text(argument['name']);
    const value = 'value' in argument ? argument['value'] : valueOf(argument);
    if (name !== null && value !== undefined) read.set(name, value);
  }
  return read;
}

/** The one member beside the name, without protobuf's wrapping: `{ str_array: { value: [] } }`. */
function valueOf(argument: JsonObject): JsonValue | undefined {
  for (const [key, value] of Object.entries(argument)) {
    if (key === 'name' || key === 'type') continue;
    return isObject(value) && 'value' in value ? value['value'] : value;
  }
  return undefined;
}
