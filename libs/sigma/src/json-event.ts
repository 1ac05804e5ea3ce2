import type { LogSource, SigmaEvent } from './event.js';

/** Wraps a JSON object as an event with its own field names. */
export function jsonEvent(event: object, logsources: readonly LogSource[]): SigmaEvent {
  return { logsources, field: (name) => lookUp(event, name), scalars: () => scalarsOf(event) };
}

/** Limit on nested lists. */
const maxListDepth = 8;

/**
 * Returns the value of a field: a literal key takes precedence over the dotted path through
 * objects; arrays are traversed, and the values of their elements become a list. Undefined if there
 * is none. Own properties only: field names and events are untrusted.
 */
export function lookUp(within: unknown, name: string, listDepth = 0): unknown {
  if (Array.isArray(within)) {
    if (listDepth === maxListDepth) return undefined;
    const found = within.map((element) => lookUp(element, name, listDepth + 1)).filter((value) => value !== undefined);
    return found.length > 0 ? found : undefined;
  }
  if (typeof within !== 'object' || within === null) return undefined;
  if (Object.hasOwn(within, name)) return (within as Record<string, unknown>)[name];
  // Try every split of the name, since keys may contain dots. Each place in the event is still
  // reached in one way only.
  for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) {
    const key = name.slice(0, dot);
    if (!Object.hasOwn(within, key)) continue;
    const found = lookUp((within as Record<string, unknown>)[key], name.slice(dot + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Returns every text, number and boolean in the event, however deep, without keys. */
export function scalarsOf(event: unknown): (string | number | boolean)[] {
  const scalars: (string | number | boolean)[] = [];
  // Explicit stack: an event may be nested deeper than the call stack allows.
  const rest: unknown[] = [event];
  while (rest.length > 0) {
    const value = rest.pop();
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') scalars.push(value);
    else if (Array.isArray(value)) for (const each of value) rest.push(each);
    else if (typeof value === 'object' && value !== null)
      for (const key of Object.keys(value)) rest.push((value as Record<string, unknown>)[key]);
  }
  return scalars;
}
