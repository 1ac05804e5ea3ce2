import type { JsonValue } from '@tidewaiter/domain';

/** Value of a YAML document, with its line in the file. */
export interface Located {
  value: LocatedValue;
  line: number;
}

export type LocatedScalar = string | number | boolean | null;
export type LocatedList = readonly Located[];
export type LocatedMap = ReadonlyMap<string, Located>;
export type LocatedValue = LocatedScalar | LocatedList | LocatedMap;

export function isMap(value: LocatedValue): value is LocatedMap {
  return value instanceof Map;
}

export function isList(value: LocatedValue): value is LocatedList {
  return Array.isArray(value);
}

/** Returns the value without its lines. */
export function plainOf({ value }: Located): JsonValue {
  if (isMap(value)) return Object.fromEntries([...value].map(([key, each]) => [key, plainOf(each)]));
  return isList(value) ? value.map(plainOf) : value;
}
