import { InvalidInput } from '@tidewaiter/domain';

import { createMatcher } from './matcher.js';
import type { Matcher, MatchOperator } from './matcher.js';

const maxMatcherCharacters = 4096;

/**
 * Reads one or more matchers separated by commas, with or without braces:
 * `severity="critical", repository=~"shop/.*"`. As Alertmanager in its default mode: the UTF-8
 * syntax, then the classic one, and the classic one where both read the text but differ.
 * @throws InvalidInput `MATCHER_INVALID`
 * @see https://prometheus.io/docs/alerting/latest/configuration/ `<matcher>`, "Fallback mode"
 */
export function parseMatchers(text: string): Matcher[] {
  if (text.length > maxMatcherCharacters) throw invalid(`longer than ${maxMatcherCharacters} characters`);
  const utf8 = attempt(() => parseUtf8(text));
  const classic = attempt(() => parseClassic(text));
  if (utf8 instanceof InvalidInput) {
    if (classic instanceof InvalidInput) throw utf8;
    return classic;
  }
  return classic instanceof InvalidInput || sameMatchers(utf8, classic) ? utf8 : classic;
}

/**
 * Reads the matchers of a silence, of which one at least must refuse an alert without its label.
 * @throws InvalidInput `MATCHER_INVALID`, also for matchers that would silence every alert
 */
export function parseSilenceMatchers(texts: readonly string[]): Matcher[] {
  const matchers = texts.flatMap((text) => parseMatchers(text));
  if (matchers.some(({ accepts }) => !accepts(''))) return matchers;
  throw invalid('a silence needs a matcher that an alert without the label does not meet');
}

function attempt(parse: () => Matcher[]): Matcher[] | InvalidInput {
  try {
    return parse();
  } catch (error) {
    if (error instanceof InvalidInput) return error;
    throw error;
  }
}

function sameMatchers(a: Matcher[], b: Matcher[]): boolean {
  return a.length === b.length && a.every((left, index) => sameMatcher(left, b[index]));
}

function sameMatcher(a: Matcher, b: Matcher | undefined): boolean {
  return a.name === b?.name && a.operator === b.operator && a.value === b.value;
}

function invalid(message: string): InvalidInput {
  return new InvalidInput('MATCHER_INVALID', message);
}

// UTF-8 syntax

interface Token {
  kind: 'operator' | 'literal' | '{' | '}' | ',';
  text: string;
  /** Counted in UTF-16 units from 0. */
  offset: number;
}

const tokenPattern =
  /(?<space>\p{White_Space}+)|(?<operator>=~|!~|!=|=)|(?<quoted>"(?:[^"\\]|\\.)*")|(?<bare>[^\p{White_Space}{}!=~,\\"'`]+)|(?<mark>[{},])/gsuy;

function parseUtf8(text: string): Matcher[] {
  const tokens = tokenize(text);
  let next = 0;
  const take = (kind: Token['kind']) => (tokens[next]?.kind === kind ? tokens[next++] : undefined);
  const need = (kind: Token['kind'], what: string) => {
    const token = take(kind);
    if (!token) throw invalid(`expected ${what} ${place(tokens[next])}`);
    return token.text;
  };

  const matchers: Matcher[] = [];
  const braced = take('{') !== undefined;
  while (tokens[next]?.kind === 'literal') {
    const name = need('literal', 'a label name');
    const operator = need('operator', 'one of = != =~ !~') as MatchOperator;
    matchers.push(createMatcher(name, operator, need('literal', 'a label value')));
    if (!take(',')) break;
  }
  if (braced) need('}', 'a comma or a closing brace');
  if (next < tokens.length)
    throw invalid(`expected ${matchers.length > 0 ? 'a comma or the end' : 'a label name'} ${place(tokens[next])}`);
  return matchers;
}

function place(token: Token | undefined): string {
  return token ? `at character ${token.offset + 1}` : 'at the end';
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let end = 0;
  for (const { 0: raw, index: offset, groups } of text.matchAll(tokenPattern)) {
    end = offset + raw.length;
    if (groups?.['operator']) tokens.push({ kind: 'operator', text: raw, offset });
    else if (groups?.['quoted']) tokens.push({ kind: 'literal', text: unquote(raw), offset });
    else if (groups?.['bare']) tokens.push({ kind: 'literal', text: raw, offset });
    else if (groups?.['mark']) tokens.push({ kind: raw as '{' | '}' | ',', text: raw, offset });
  }
  if (end < text.length) throw invalid(`unexpected character or unclosed quote at character ${end + 1}`);
  return tokens;
}

const simpleEscapes = new Map([
  ['\\a', 0x07],
  ['\\b', 0x08],
  ['\\f', 0x0c],
  ['\\n', 0x0a],
  ['\\r', 0x0d],
  ['\\t', 0x09],
  ['\\v', 0x0b],
  ['\\\\', 0x5c],
  ['\\"', 0x22],
]);

const stringPartPattern =
  /(?<plain>[^\\\n]+)|(?<simple>\\[abfnrtv\\"])|\\x(?<hex>[0-9a-fA-F]{2})|\\(?<octal>[0-7]{3})|\\u(?<u4>[0-9a-fA-F]{4})|\\U(?<u8>[0-9a-fA-F]{8})/guy;

/**
 * Go's interpreted string literal: `\x` and octal escapes are bytes, and the bytes together must be
 * UTF-8.
 * @see https://go.dev/ref/spec#String_literals
 */
function unquote(literal: string): string {
  const bytes: number[] = [];
  const inner = literal.slice(1, -1);
  let end = 0;
  for (const { 0: raw, index, groups } of inner.matchAll(stringPartPattern)) {
    end = index + raw.length;
    const byte =
      simpleEscapes.get(raw) ??
      (groups?.['hex'] ? Number.parseInt(groups['hex'], 16) : undefined) ??
      octal(groups?.['octal']);
    if (byte === undefined)
      bytes.push(...new TextEncoder().encode(groups?.['plain'] ?? codePoint(groups?.['u4'] ?? groups?.['u8'] ?? '')));
    else bytes.push(byte);
  }
  if (end < inner.length) throw invalid('a quoted string has an unknown escape or a line break');
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
  } catch (cause) {
    throw new InvalidInput('MATCHER_INVALID', 'a quoted string is not UTF-8', { cause });
  }
}

function octal(digits: string | undefined): number | undefined {
  if (digits === undefined) return undefined;
  const byte = Number.parseInt(digits, 8);
  if (byte > 0xff) throw invalid('an octal escape is larger than a byte');
  return byte;
}

function codePoint(hex: string): string {
  const point = Number.parseInt(hex, 16);
  const surrogate = point >= 0xd800 && point <= 0xdfff;
  if (surrogate || point > 0x10ffff) throw invalid('an escape is not a Unicode character');
  return String.fromCodePoint(point);
}

// Classic syntax

const classicPattern = /^([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(=~|!=|!~|=)\s*(\S.*)?$/s;

function parseClassic(untrimmed: string): Matcher[] {
  const text = untrimmed.trim();
  const open = text.startsWith('{');
  // Alertmanager drops a lone brace here, and with it the end of an unquoted `[a-z]{2}`. Its
  // documentation wants both or none.
  if (open !== text.endsWith('}')) throw invalid('an opening and a closing brace belong together');
  const parts = splitOutsideQuotes(open ? text.slice(1, -1) : text);
  if (parts.at(-1)?.trim() === '') parts.pop();
  return parts.map(parseClassicMatcher);
}

function splitOutsideQuotes(text: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index++) {
    const char = text[index];
    if (char === '\\' && /["\\]/.test(text[index + 1] ?? '')) index += 1;
    else if (char === '"') quoted = !quoted;
    else if (char === ',' && !quoted) {
      parts.push(text.slice(start, index));
      start = index + 1;
    }
  }
  return [...parts, text.slice(start)];
}

function parseClassicMatcher(text: string): Matcher {
  const [, name, operator, value = ''] = classicPattern.exec(text.trim()) ?? [];
  if (name === undefined) throw invalid('expected a label name, an operator and a value');
  return createMatcher(name, operator as MatchOperator, unescapeClassic(value));
}

/** OpenMetrics' escapes; any other backslash stands for itself, so `\d` needs no doubling here. */
function unescapeClassic(raw: string): string {
  const [, inner] = /^"((?:[^"\\]|\\.)*)"$/s.exec(raw) ?? [];
  if (inner === undefined && raw.replaceAll(/\\["\\]/g, '').includes('"'))
    throw invalid('a value has a double quote that is not escaped');
  return (inner ?? raw).replaceAll(/\\([n"\\])/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
}
