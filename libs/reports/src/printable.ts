// Controls, formats (bidi among them), surrogates, private and unassigned code points, separators, and what draws nothing at all.
const harmful = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
const wide =
  /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{1F300}-\u{1FAFF}\u{20000}-\u{3FFFD}]/gu;
const combining = /\p{M}/gu;
const plain = /^[ -~]*$/;

/** Text of strangers for a person: on one line, and unable to move a cursor, to hide anything or to turn the way it is read. */
export function printable(text: string, maxCharacters = 500): string {
  return cut(plain.test(text) ? text : text.replaceAll(harmful, '\uFFFD'), maxCharacters);
}

/** Shortens a text that nobody reads to its end; an ellipsis says so. */
export function cut(text: string, maxCharacters: number): string {
  return text.length <= maxCharacters ? text : `${text.slice(0, maxCharacters - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

/** Columns that a printable text takes on a terminal. */
export function widthOf(text: string): number {
  if (plain.test(text)) return text.length;
  const characters = text.match(/./gsu)?.length ?? 0;
  return characters + (text.match(wide)?.length ?? 0) - (text.match(combining)?.length ?? 0);
}
