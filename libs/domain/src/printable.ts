// Control and format characters (bidi among them), surrogates, private and unassigned code points,
// separators, and invisible characters.
const harmful = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
const plain = /^[ -~]*$/;

/**
 * Makes untrusted text printable: on one line, and unable to move a cursor, to hide anything or to
 * change the reading direction.
 */
export function printable(text: string, maxCharacters = 500): string {
  return cut(plain.test(text) ? text : text.replaceAll(harmful, '\uFFFD'), maxCharacters);
}

/** Shortens a long text; ends it with an ellipsis. */
export function cut(text: string, maxCharacters: number): string {
  return text.length <= maxCharacters ? text : `${text.slice(0, maxCharacters - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
