import { InvalidInput } from '@tidewaiter/domain';

/**
 * Object of a hostile JSON document: read fields by `Object.hasOwn`, so that prototypes are
 * ignored.
 */
export type UntrustedObject = Readonly<Record<string, unknown>>;

/** @throws InvalidInput with `code` unless the bytes are one JSON object in UTF-8 */
export function parseJsonObject(bytes: Uint8Array, code: string, what: string): UntrustedObject {
  const value = parseJson(bytes, code, what);
  if (!isJsonObject(value)) throw new InvalidInput(code, `${what} is not a JSON object`);
  return value;
}

function parseJson(bytes: Uint8Array, code: string, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new InvalidInput(code, `${what} is not JSON`, { cause });
  }
}

export function isJsonObject(value: unknown): value is UntrustedObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function field(object: UntrustedObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
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
