// Each is inside a string, where the escape is equivalent; unescaped, they could mislead a user who
// prints the file.
const invisible = /[\u007F-\u009F\u2028\u2029\p{Cf}]/gu;

/**
 * Writes JSON that every parser reads, for any untrusted text: lone surrogates are replaced,
 * invisible characters escaped.
 */
export function jsonText(value: unknown): string {
  const text = JSON.stringify(
    value,
    (_key, each: unknown) => (typeof each === 'string' ? each.toWellFormed() : each),
    2,
  );
  return `${text.replaceAll(invisible, escape)}\n`;
}

function escape(character: string): string {
  const units = character.split('').map((unit) => unit.charCodeAt(0).toString(16).padStart(4, '0'));
  return units.map((hex) => `\\u${hex}`).join('');
}
