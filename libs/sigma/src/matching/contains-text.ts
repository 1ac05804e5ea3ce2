import { TextUnits } from './text-units.js';

/** Length below which any search is fast. */
const shortText = 256;

const [outer, inner] = [new TextUnits(), new TextUnits()];
/** Failure function of the algorithm: length of the longest border by length of the prefix. */
let borders = new Int32Array(shortText);

/**
 * Whether a text contains another one, in linear time: `includes` may compare long texts again at
 * every place, and here an attacker may control both.
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
