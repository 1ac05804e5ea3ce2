import { LimitExceeded } from './errors.js';

/** Values of the largest SBOMs, with room; parsed, as many empty objects take some 250 MB. */
const maxJsonValues = 4_000_000;
const [quote, comma, bracket, brace] = [0x22, 0x2c, 0x5b, 0x7b];

/**
 * Checks that a JSON text of an unknown author takes a bounded amount of memory once it is parsed:
 * empty lists, one in another, take forty times their text.
 * @throws LimitExceeded `maxJsonValues`
 */
export function limitJsonValues(text: string, max: number = maxJsonValues): void {
  // No value is shorter than a character.
  if (text.length <= max) return;
  let values = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) at = endOfString(text, at);
    else if (code === comma || code === bracket || code === brace) values += 1;
  }
  if (values > max) throw new LimitExceeded('maxJsonValues', `JSON of more than ${max} values`);
}

/** Place of the closing quote, or behind the text. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text[end - 1 - slashes] === '\\') slashes += 1;
    if (slashes % 2 === 0) return end;
  }
  return text.length;
}
