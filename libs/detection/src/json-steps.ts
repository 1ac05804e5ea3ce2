/**
 * Values of one step, of which long texts count as several: some milliseconds of work, so that
 * events wait no longer than that.
 */
const stepValues = 10_000;
const charsOfValue = 64;
/** Weight of an object that makes its JSON only when it is written, such as a record. */
const lazyValues = 50;

/**
 * Writes a value as `JSON.stringify` does, in steps between which other work may run. The value
 * must not change until the last one.
 */
export function* jsonSteps(value: unknown): Generator<string> {
  if (!isLarge(value)) yield JSON.stringify(value);
  else if (Array.isArray(value)) {
    yield '[';
    yield* memberSteps([...value.keys()], (from, to) => JSON.stringify(value.slice(from, to)), value);
    yield ']';
  } else {
    const entries = Object.entries(value).filter(([, each]) => each !== undefined);
    const members = entries.map(([, each]) => each as unknown);
    yield '{';
    yield* memberSteps(
      entries.map(([key]) => key),
      (from, to) => JSON.stringify(Object.fromEntries(entries.slice(from, to))),
      members,
    );
    yield '}';
  }
}

/** Writes small members together, and each large one in steps of its own. */
function* memberSteps(
  keys: readonly (string | number)[],
  write: (from: number, to: number) => string,
  members: readonly unknown[],
): Generator<string> {
  let from = 0;
  let weight = 0;
  const together = (to: number) => `${from > 0 ? ',' : ''}${write(from, to).slice(1, -1)}`;
  for (const [index, member] of members.entries()) {
    const own = weightOf(member, stepValues);
    if (weight + own <= stepValues) {
      weight += own;
      continue;
    }
    if (from < index) yield together(index);
    from = index;
    weight = own;
    if (own <= stepValues || !isLarge(member)) continue;
    const key = keys[index]!;
    yield `${index > 0 ? ',' : ''}${typeof key === 'string' ? `${JSON.stringify(key)}:` : ''}`;
    yield* jsonSteps(member);
    from = index + 1;
    weight = 0;
  }
  if (from < members.length) yield together(members.length);
}

/** Whether a value has members enough for more than one step. */
function isLarge(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !isLazy(value) && weightOf(value, stepValues) > stepValues;
}

/** Counts values, up to just above `most`. */
function weightOf(value: unknown, most: number): number {
  if (typeof value === 'string') return 1 + value.length / charsOfValue;
  if (typeof value !== 'object' || value === null) return 1;
  if (isLazy(value)) return lazyValues;
  let weight = 1;
  for (const member of Array.isArray(value) ? value : Object.values(value)) {
    weight += weightOf(member, most - weight);
    if (weight > most) break;
  }
  return weight;
}

function isLazy(value: object): boolean {
  return 'toJSON' in value;
}
