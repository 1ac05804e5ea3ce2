// Controls, formats (bidi among them), surrogates, private and unassigned code points, separators, and what draws nothing at all.
const harmful = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
const plain = /^[ -~]*$/;

/** Text of strangers for a person: on one line, and unable to move a cursor, to hide anything or to turn the way it is read. */
export function printable(text: string, maxCharacters = 500): string {
  return cut(plain.test(text) ? text : text.replaceAll(harmful, '\uFFFD'), maxCharacters);
}

/** Shortens a text that nobody reads to its end; an ellipsis says so. */
export function cut(text: string, maxCharacters: number): string {
  return text.length <= maxCharacters ? text : `${text.slice(0, maxCharacters - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
