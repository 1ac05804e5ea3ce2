/** Sources of claims, the least trusted first. */
export const authorities = ['guess', 'falco', 'sensor', 'runtime', 'kept', 'audit', 'watch'] as const;

export type Authority = (typeof authorities)[number];

/** A value and its precedence: by source, then by time. */
export interface Attributed<Value> {
  value: Value;
  order: number;
}

// Milliseconds since 1970 take 41 bits until the year 2039, and 44 until 2527.
const perAuthority = 2 ** 44;

/**
 * Slot in which repeated claims of a sensor count as one: they take the time at which the slot
 * began, so that a repetition is not a change.
 */
export const slotMs = 600_000;

export function attribute<Value>(value: Value | null, by: Authority, atMs: number): Attributed<Value> | null {
  if (value === null) return null;
  const from = by === 'sensor' ? atMs - (atMs % slotMs) : atMs;
  return { value, order: authorities.indexOf(by) * perAuthority + from };
}

/** Last attributed value of each field, by its name. */
const last = new Map<string, Attributed<unknown>>();

/**
 * As {@link attribute}, with one object for a value that repeats: a sensor reports the same
 * cluster, node and image for thousands of containers.
 */
export function attributeAgain<Value>(
  field: string,
  value: Value | null,
  by: Authority,
  atMs: number,
): Attributed<Value> | null {
  const made = attribute(value, by, atMs);
  const before = made && (last.get(field) as Attributed<Value> | undefined);
  if (before?.value === made?.value && before?.order === made?.order) return before ?? null;
  if (made) last.set(field, made);
  return made;
}

/**
 * Returns the claim of higher precedence. The result does not depend on the order of claims, so the
 * ledger converges.
 */
export function mergeByAuthority<Value>(
  a: Attributed<Value> | null,
  b: Attributed<Value> | null,
): Attributed<Value> | null {
  if (a === null || b === null) return a ?? b;
  if (a.order !== b.order) return a.order > b.order ? a : b;
  return String(a.value) >= String(b.value) ? a : b;
}

/** Merges two records field by field. */
export function mergeAllByAuthority<Fields extends object>(a: Fields, b: Fields): Fields {
  const merged: Record<string, unknown> = {};
  for (const key of Object.keys(a)) {
    merged[key] = mergeByAuthority(
      a[key as keyof Fields] as Attributed<unknown> | null,
      b[key as keyof Fields] as Attributed<unknown> | null,
    );
  }
  return merged as Fields;
}
