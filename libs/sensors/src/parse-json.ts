import { InvalidInput, type JsonValue, limitJsonValues } from '@tidewaiter/domain';

const maxDepth = 64;
const quote = 0x22;
const backslash = 0x5c;

/**
 * Stands for what is nested more deeply. The rest is read: one such object in a request to
 * Kubernetes must not discard the batch of audit events that it is in.
 */
const tooDeep = `nested deeper than ${maxDepth} levels`;

/**
 * JSON without surprises: an integer that a JavaScript number cannot hold becomes its digits as
 * text, no member is called `__proto__`, a text stands for what is nested deeper than 64 levels,
 * and every text is one that PostgreSQL can keep.
 * @throws InvalidInput `BODY_NOT_JSON`; LimitExceeded `maxJsonValues`
 */
export function parseJson(source: string): JsonValue {
  const value = parse(longDigits.test(source) ? quoteLongIntegers(source) : source);
  return tidy(value, mayBeUnkept(source), maxDepth);
}

const longDigits = /[0-9]{16}/;

function parse(source: string): JsonValue {
  limitJsonValues(source);
  try {
    return JSON.parse(source) as JsonValue;
  } catch (cause) {
    throw new InvalidInput('BODY_NOT_JSON', 'The body is not JSON.', { cause });
  }
}

/**
 * Nanoseconds since 1970 have 19 digits, a JavaScript number holds 15. What stands in a text stays
 * as it is.
 */
function quoteLongIntegers(source: string): string {
  let quoted = '';
  let copied = 0;
  for (let index = 0; index < source.length;) {
    const code = source.charCodeAt(index);
    if (code === quote) {
      index = endOfText(source, index + 1);
    } else if (isNumeral(code)) {
      const end = endOfNumber(source, index);
      const numeral = source.slice(index, end);
      if (end - index > 15 && isLongInteger(numeral)) {
        quoted += `${source.slice(copied, index)}"${numeral}"`;
        copied = end;
      }
      index = end;
    } else {
      index += 1;
    }
  }
  return quoted + source.slice(copied);
}

/** Where the text ends whose first character is at `from`, its quote included. */
export function endOfText(source: string, from: number): number {
  for (let end = source.indexOf('"', from); end !== -1; end = source.indexOf('"', end + 1)) {
    let slashes = 0;
    while (source.charCodeAt(end - 1 - slashes) === backslash) slashes += 1;
    if (slashes % 2 === 0) return end + 1;
  }
  return source.length;
}

function endOfNumber(source: string, from: number): number {
  let end = from;
  while (isNumeral(source.charCodeAt(end))) end += 1;
  return end;
}

/** Digits, signs, dot and exponent. */
function isNumeral(code: number): boolean {
  return (
    (code >= 0x30 && code <= 0x39) || code === 0x2d || code === 0x2b || code === 0x2e || code === 0x65 || code === 0x45
  );
}

function isLongInteger(numeral: string): boolean {
  return /^-?[1-9][0-9]*$/.test(numeral) && !Number.isSafeInteger(Number(numeral));
}

/** Asked of the whole source, since what is looked for is rare and a search of bytes cheap. */
function mayBeUnkept(source: string): boolean {
  return source.includes('\\u') || source.includes('__proto__') || hugeExponent.test(source) || !source.isWellFormed();
}

// `1e999` would be Infinity, which is no JSON.
const hugeExponent = /[eE]\+?[0-9]{3}/;

function tidy(value: JsonValue, mayBeUnkept: boolean, levelsLeft: number): JsonValue {
  if (typeof value === 'string') return mayBeUnkept ? keepable(value) : value;
  if (typeof value === 'number' && !Number.isFinite(value)) return null;
  if (typeof value !== 'object' || value === null) return value;
  if (levelsLeft === 0) return tooDeep;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const each = value[index] as JsonValue;
      if (mayBeUnkept || typeof each === 'object') value[index] = tidy(each, mayBeUnkept, levelsLeft - 1);
    }
    return value;
  }
  if (mayBeUnkept) return tidyMembers(value, levelsLeft);
  for (const key in value) {
    const each = value[key] as JsonValue;
    if (typeof each === 'object') value[key] = tidy(each, false, levelsLeft - 1);
  }
  return value;
}

function tidyMembers(value: { [key: string]: JsonValue }, levelsLeft: number): JsonValue {
  const kept: [string, JsonValue][] = [];
  for (const [key, each] of Object.entries(value)) {
    // JSON.parse makes it an own member; whoever later copies the object by assignment would set a
    // prototype.
    if (key !== '__proto__') kept.push([keepable(key), tidy(each, true, levelsLeft - 1)]);
  }
  return Object.fromEntries(kept);
}

// Neither text nor jsonb can hold U+0000 or half of a surrogate pair: one hostile process name
// would fail the whole batch.
function keepable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD');
}
