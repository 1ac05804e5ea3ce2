/** Bytes that may be at one place, by their number. */
type ByteSet = Uint8Array;

/** Places at the start of an expression that are looked at: few words have a match for as many. */
const maxPlaces = 24;

/** A character or class, and how often it is there; not `\b`, and no escapes of several letters. */
const atom = /(\\[^bBkpPuxc1-9]|\[(?:\\.|[^\]\\])+\]|[^\\[\](){}|^$*+?.])(?:\{(\d{1,4})(,\d{0,4})?\}|([?*+]))?/y;

/**
 * Bytes with which a match of an expression can start, place by place, as far as they are certain:
 * up to the first group or repetition of open length.
 */
export function startOf({ source }: RegExp): ByteSet[] {
  if (hasAlternatives(source)) return [];
  const places: ByteSet[] = [];
  atom.lastIndex = 0;
  for (let found = atom.exec(source); found && places.length < maxPlaces; found = atom.exec(source)) {
    const [, characters = '', count, isOpen, sign] = found;
    const times = count === undefined ? Number(sign === undefined || sign === '+') : Number(count);
    const set = bytesOf(characters);
    for (let time = 0; time < times && places.length < maxPlaces; time += 1) places.push(set);
    if (isOpen !== undefined || sign !== undefined) break;
  }
  return places;
}

/** Whether it has alternatives outside of groups, of which each starts in its own way. */
function hasAlternatives(source: string): boolean {
  let depth = 0;
  let isInClass = false;
  for (let at = 0; at < source.length; at += 1) {
    const char = source[at];
    if (char === '\\') at += 1;
    else if (isInClass) isInClass = char !== ']';
    else if (char === '[') isInClass = true;
    else if (char === '(') depth += 1;
    else if (char === ')') depth -= 1;
    else if (char === '|' && depth === 0) return true;
  }
  return false;
}

/** Sets by their class, as few are in many expressions. */
const sets = new Map<string, ByteSet>();

function bytesOf(characters: string): ByteSet {
  const known = sets.get(characters);
  if (known !== undefined) return known;
  const one = new RegExp(`^${characters}$`);
  const set = Uint8Array.from({ length: 256 }, (_, byte) => Number(one.test(String.fromCharCode(byte))));
  sets.set(characters, set);
  return set;
}

/**
 * Check whether a match of an expression may start at an offset. The sets are made on first use:
 * most files have the keywords of few rules.
 */
export function startCheck(expression: RegExp): (bytes: Uint8Array, from: number) => boolean {
  let places: ByteSet[] | undefined;
  return (bytes, from) => {
    places ??= startOf(expression);
    for (let place = 0; place < places.length; place += 1) {
      // Undefined behind the end.
      if (places[place]![bytes[from + place]!] !== 1) return false;
    }
    return true;
  };
}
