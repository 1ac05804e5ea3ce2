import type { LogSource, SigmaEvent } from './event.js';

/** A JSON object as an event, with its own words. */
export function jsonEvent(event: object, logsources: readonly LogSource[]): SigmaEvent {
  return { logsources, field: (name) => lookUp(event, name), scalars: () => scalarsOf(event) };
}

/** How deep lists in lists are entered. */
const maxListDepth = 8;

/**
 * The value of a field: a literal key wins, else the dotted path through objects; arrays are entered, and what their elements have
 * there is a list. Undefined where nothing is. Own properties only: field names and events come from outside.
 */
export function lookUp(within: unknown, name: string, listDepth = 0): unknown {
  if (Array.isArray(within)) {
    if (listDepth === maxListDepth) return undefined;
    const found = within.map((element) => lookUp(element, name, listDepth + 1)).filter((value) => value !== undefined);
    return found.length > 0 ? found : undefined;
  }
  if (typeof within !== 'object' || within === null) return undefined;
  if (Object.hasOwn(within, name)) return (within as Record<string, unknown>)[name];
  // Every way to cut the name: keys may hold dots themselves. A place in the event is reached by one way only.
  for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) {
    const key = name.slice(0, dot);
    if (!Object.hasOwn(within, key)) continue;
    const found = lookUp((within as Record<string, unknown>)[key], name.slice(dot + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Every text, number and switch in it, however deep; names of keys are none. */
export function scalarsOf(event: unknown): (string | number | boolean)[] {
  const scalars: (string | number | boolean)[] = [];
  // A stack of our own: an event may be nested deeper than calls can be.
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
