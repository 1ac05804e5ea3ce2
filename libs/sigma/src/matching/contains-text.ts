import { TextUnits } from './text-units.js';

/** Below, no way of looking takes long. */
const shortText = 256;

const [outer, inner] = [new TextUnits(), new TextUnits()];
/** How much of what is looked for has been found again, by how much of it has been read. */
let borders = new Int32Array(shortText);

/**
 * Whether a text holds another one, in time in proportion to both: `includes` compares long texts anew at every place, and here both
 * come from an event.
 * @see D. Knuth, J. Morris, V. Pratt, "Fast pattern matching in strings", 1977
 */
export function containsText(text: string, wanted: string): boolean {
  if (text.length < shortText || wanted.length > text.length) return text.includes(wanted);
  const [length, size] = [outer.load(text), inner.load(wanted)];
  const [units, sought] = [outer.units, inner.units];
  if (size === 0) return true;
  if (borders.length <= size) borders = new Int32Array(2 * size);
  borders[1] = 0;
  for (let read = 1, matched = 0; read < size; read += 1) {
    while (matched > 0 && sought[matched] !== sought[read]) matched = borders[matched]!;
    if (sought[matched] === sought[read]) matched += 1;
    borders[read + 1] = matched;
  }
  for (let index = 0, matched = 0; index < length; index += 1) {
    while (matched > 0 && sought[matched] !== units[index]) matched = borders[matched]!;
    if (sought[matched] === units[index]) matched += 1;
    if (matched === size) return true;
  }
  return false;
}
