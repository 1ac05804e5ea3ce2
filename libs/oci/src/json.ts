import { InvalidInput, limitJsonValues } from '@tidewaiter/domain';

/**
 * Object of a hostile JSON document: read fields by `Object.hasOwn`, so that prototypes are
 * ignored.
 */
export type UntrustedObject = Readonly<Record<string, unknown>>;

/**
 * @throws InvalidInput with `code` unless the bytes are one JSON object in UTF-8;
 * `MANIFEST_AMBIGUOUS` if an object in it has a member twice, of which parsers take either or both
 */
export function parseJsonObject(bytes: Uint8Array, code: string, what: string): UntrustedObject {
  const { text, value } = parseJson(bytes, code, what);
  if (!isJsonObject(value)) throw new InvalidInput(code, `${what} is not a JSON object`);
  if (hasRepeatedMember(text)) throw ambiguous(`${what} has a member twice`);
  return value;
}

function parseJson(bytes: Uint8Array, code: string, what: string): { text: string; value: unknown } {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    limitJsonValues(text);
    return { text, value: JSON.parse(text) };
  } catch (cause) {
    throw new InvalidInput(code, `${what} is not JSON`, { cause });
  }
}

/** Whether an object of a valid JSON text has two members of one name. */
function hasRepeatedMember(text: string): boolean {
  // Names of the open objects; undefined for an open list.
  const open: (Set<unknown> | undefined)[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '{') open.push(new Set());
    else if (character === '[') open.push(undefined);
    else if (character === '}' || character === ']') open.pop();
    else if (character === '"') {
      const end = endOfString(text, at);
      if (isBeforeColon(text, end)) {
        const names = open.at(-1)!;
        const name: unknown = JSON.parse(text.slice(at, end));
        if (names.has(name)) return true;
        names.add(name);
      }
      at = end - 1;
    }
  }
  return false;
}

/** Offset behind the string that begins at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function isBeforeColon(text: string, from: number): boolean {
  let at = from;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at += 1;
  return text[at] === ':';
}

function ambiguous(message: string): InvalidInput {
  return new InvalidInput('MANIFEST_AMBIGUOUS', message);
}

export function isJsonObject(value: unknown): value is UntrustedObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Value of a member, in upper or lower case like Go's encoding/json, by which container runtimes
 * read manifests: one that reads `layers` alone would not see the `Layers` that they unpack.
 * @throws InvalidInput `MANIFEST_AMBIGUOUS` if there are two spellings of the name
 * @see https://pkg.go.dev/encoding/json#Unmarshal
 */
export function field(object: UntrustedObject, name: string): unknown {
  const [spelling, second] = Object.keys(object).filter((each) => isSpelling(each, name));
  if (second !== undefined) throw ambiguous(`${name} is there in two spellings`);
  return spelling === undefined ? undefined : object[spelling];
}

function isSpelling(name: string, wanted: string): boolean {
  return name === wanted || (name.length === wanted.length && folded(name) === folded(wanted));
}

/** By both cases: of `ſ` only the upper one is a letter of ASCII, of the Kelvin sign the lower. */
function folded(name: string): string {
  return name.toUpperCase().toLowerCase();
}

/**
 * Makes text storable in every store and report: no lone surrogates, no NUL, at most `maxLength`
 * characters.
 */
export function storableText(text: string, maxLength = Number.MAX_SAFE_INTEGER): string {
  return text.slice(0, maxLength).toWellFormed().replaceAll('\0', '\uFFFD');
}

export function textField(object: UntrustedObject, name: string, maxLength?: number): string | undefined {
  const value = field(object, name);
  return typeof value === 'string' && value !== '' ? storableText(value, maxLength) : undefined;
}

/** String-to-string pairs of an object, without a prototype; other pairs are dropped. */
export function textMap(value: unknown, maxLength?: number): Record<string, string> {
  const texts: Record<string, string> = Object.create(null);
  if (!isJsonObject(value)) return texts;
  for (const [key, text] of Object.entries(value)) {
    if (typeof text === 'string') texts[storableText(key, maxLength)] = storableText(text, maxLength);
  }
  return texts;
}
