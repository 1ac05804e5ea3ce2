import type { JsonObject, JsonValue } from '@tidewaiter/domain';

type Maybe = JsonValue | undefined;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Empty object in place of a missing or malformed one. */
export const nothing: JsonObject = Object.freeze(Object.create(null)) as JsonObject;

export function object(value: Maybe): JsonObject {
  return isObject(value) ? value : nothing;
}

export function list(value: Maybe): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}

/** A nonempty text; null for anything else. */
export function text(value: Maybe): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** The nonempty texts of a list. */
export function texts(value: Maybe): string[] {
  return list(value).filter((each) => typeof each === 'string' && each !== '') as string[];
}

/**
 * A number, also in text form: protobuf's 64 bits, and integers that {@link parseJson} keeps as
 * text.
 */
export function number(value: Maybe): number | null {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^-?\d{1,20}(\.\d{1,20})?$/.test(value) ? Number(value) : null;
}

export function bool(value: Maybe): boolean | null {
  return typeof value === 'boolean' ? value : null;
}

/**
 * Value at a name: the literal key, else the dotted path, through lists by their elements (then a
 * list of the values found). Own members alone, so that no name reaches a prototype.
 */
export function at(value: Maybe, name: string): Maybe {
  if (Array.isArray(value)) {
    const found = value.map((each) => at(each, name)).filter((each) => each !== undefined);
    return found.length === 0 ? undefined : found.flat();
  }
  if (!isObject(value)) return undefined;
  if (Object.hasOwn(value, name)) return value[name];
  // `output_fields.proc.name`: the rest of the path may be a key with dots.
  for (let dot = name.indexOf('.'); dot > 0; dot = name.indexOf('.', dot + 1)) {
    const key = name.slice(0, dot);
    if (!Object.hasOwn(value, key)) continue;
    const found = at(value[key], name.slice(dot + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Every value that is no object and no list, however deep. */
export function* scalars(value: Maybe): Generator<string | number | boolean> {
  if (typeof value !== 'object') {
    if (value !== undefined) yield value;
  } else if (value !== null) {
    for (const each of Array.isArray(value) ? value : Object.values(value)) yield* scalars(each);
  }
}
