import { InvalidInput } from '@tidewaiter/domain';

import { compareDigits, compareText, endOfRun, isDigit } from './runs.js';

/**
 * Maven reads a version as nested lists. Each list starts as the last element of its parent, so the
 * whole tree is a sequence of tokens: digits, qualifiers, and this one where a list starts. Nothing
 * recurses, for any number of hyphens.
 */
const list = '-';

/**
 * Maven rejects the first ones in a version of a project; the others occur only in unfilled
 * placeholders, `${revision}`.
 */
const foreignCharacters = /[\\/:"<>|?*[\](){},$\s]/;

/** Lowest first; the empty one is the release. Any other word comes after them. */
const qualifiers = ['alpha', 'beta', 'milestone', 'rc', 'snapshot', '', 'sp'];
const release = qualifiers.indexOf('');

const aliases: ReadonlyMap<string, string> = new Map([
  ['ga', ''],
  ['final', ''],
  ['release', ''],
  ['cr', 'rc'],
]);
/** Shorthands that count only with a number behind them, `1.0-m3`. */
const shorthands: ReadonlyMap<string, string> = new Map([
  ['a', 'alpha'],
  ['b', 'beta'],
  ['m', 'milestone'],
]);

/**
 * Orders two versions of Maven artifacts as Maven 3.9 does, including its inconsistencies:
 * `1-0-alpha` < `1` < `1-sp` < `1-0-alpha`.
 * @throws InvalidInput `UNPARSABLE_VERSION` for an empty version, and for one with characters that
 * no published version has
 * @see https://maven.apache.org/pom.html#version-order-specification
 */
export function compareMaven(a: string, b: string): number {
  const left = parseVersion(a);
  const right = parseVersion(b);
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const order = compareTokens(left[i], right[i]);
    if (order !== 0) return order;
  }
  return 0;
}

function parseVersion(version: string): string[] {
  if (version === '' || foreignCharacters.test(version)) {
    throw new InvalidInput('UNPARSABLE_VERSION', 'not a version that Maven publishes');
  }
  return withoutTrailingNulls(tokensOf(version.toLowerCase()));
}

function tokensOf(version: string): string[] {
  const tokens: string[] = [];
  let start = 0;
  while (start < version.length) {
    const isNumber = isDigit(version[start]);
    const end = endOfRun(version, start, isNumber ? isDigit : isQualifier);
    const separator = version[end];
    const text = version.slice(start, end);

    if (isNumber || end === start) tokens.push(text || '0');
    else {
      // 1.0.0.X1 < 1.0.0-X2, so a qualifier opens a list after a dot too, but not in the middle of
      // dots: 1.0.X.1.
      if (separator !== '.' && separator !== list && opensNoList(tokens)) tokens.push(list);
      tokens.push(qualifierOf(text, isDigit(separator)));
    }

    const isAtSeparator = separator === '.' || separator === list;
    if (separator !== undefined && separator !== '.') tokens.push(list);
    start = isAtSeparator ? end + 1 : end;
  }
  return tokens;
}

function isQualifier(character: string | undefined): boolean {
  return character !== undefined && character !== '.' && character !== list && !isDigit(character);
}

function opensNoList(tokens: readonly string[]): boolean {
  return tokens.length > 0 && tokens.at(-1) !== list;
}

function qualifierOf(text: string, isBeforeDigit: boolean): string {
  const word = (isBeforeDigit ? shorthands.get(text) : undefined) ?? text;
  return aliases.get(word) ?? word;
}

/** A list must not end in zeros, in words for the release, or in an empty list. */
function withoutTrailingNulls(tokens: readonly string[]): string[] {
  const kept: string[] = [];
  let isEndOfList = true;
  for (const token of tokens.toReversed()) {
    const isNull: boolean = token === list ? kept.length === 0 : isEndOfList && weight(token) === 0;
    if (!isNull) kept.push(token);
    isEndOfList = token === list || (isEndOfList && isNull);
  }
  return kept.toReversed();
}

function compareTokens(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return weight(a) - weight(b);
  if (kind(a) !== kind(b)) return kind(a) < kind(b) ? -1 : 1;
  return isDigit(a[0]) ? compareDigits(a, b) : compareText(sortKey(a), sortKey(b));
}

/** 1.word < 1-1 < 1.1 */
function kind(token: string): number {
  if (token === list) return 1;
  return isDigit(token[0]) ? 2 : 0;
}

/** Whether a version gets lower or higher by this continuation: 1-rc < 1 = 1.0 < 1-sp. */
function weight(token: string | undefined): number {
  if (token === undefined || token === list) return 0;
  if (isDigit(token[0])) return compareDigits(token, '0');
  return compareText(sortKey(token), String(release));
}

function sortKey(qualifier: string): string {
  const known = qualifiers.indexOf(qualifier);
  return known === -1 ? `${qualifiers.length}-${qualifier}` : String(known);
}
