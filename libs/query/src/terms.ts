import { type Operator } from './fields.js';
import { InvalidQuery } from './invalid-query.js';

/** A piece of a query with its place in the text. */
export type Term = { start: number; end: number } & (
  | { kind: 'open' | 'close' | 'not' }
  /** Text without an operator: a flag, a keyword, or words to search for. */
  | { kind: 'word'; text: string; isQuoted: boolean }
  | { kind: 'condition'; field: string; operator: Operator; value: WrittenValue }
);

/** The value of a condition, as written: several are separated by commas. */
export interface WrittenValue {
  start: number;
  parts: readonly { text: string; start: number }[];
  /** The value as one text, with its commas. */
  whole: string;
}

/** Field and operator at the beginning of a term. */
const beginning = /[A-Za-z][\w.-]{0,39}(?:!=|<=|>=|=|<|>|:)/y;
const space = /\s*/y;

/**
 * Splits a query into its terms. A colon counts as an operator behind the name of a field only, so
 * that `shop/app:1` and `sha256:…` are words.
 * @throws InvalidQuery
 */
export function termsOf(text: string, isField: (name: string) => boolean): Term[] {
  const terms: Term[] = [];
  for (let at = skipSpace(text, 0); at < text.length; at = skipSpace(text, at)) {
    const term = termAt(text, at, isField);
    terms.push(term);
    at = term.end;
  }
  return terms;
}

function termAt(text: string, start: number, isField: (name: string) => boolean): Term {
  const first = text[start]!;
  if (first === '(' || first === ')') return { kind: first === '(' ? 'open' : 'close', start, end: start + 1 };
  if (first === '-' && /\S/.test(text[start + 1] ?? ' ')) return { kind: 'not', start, end: start + 1 };
  beginning.lastIndex = start;
  const found = beginning.exec(text)?.[0];
  const [, field = '', sign = ''] = /^([\w.-]+)([!<>=:]{1,2})$/.exec(found ?? '') ?? [];
  if (found === undefined || (sign === ':' && !isField(field))) return wordAt(text, start);
  const value = valueAt(text, start + found.length);
  const operator = sign === ':' ? '=' : (sign as Operator);
  return { kind: 'condition', field, operator, value: value.value, start, end: value.end };
}

function wordAt(text: string, start: number): Term {
  if (text[start] === '"') {
    const quoted = quotedAt(text, start);
    return { kind: 'word', text: quoted.text, isQuoted: true, start, end: quoted.end };
  }
  let end = start;
  while (end < text.length && !isEnd(text[end]!)) end += 1;
  return { kind: 'word', text: text.slice(start, end), isQuoted: false, start, end };
}

function valueAt(text: string, start: number): { value: WrittenValue; end: number } {
  const parts: { text: string; start: number }[] = [];
  let part = { text: '', start };
  let whole = '';
  let at = start;
  while (at < text.length && !isEnd(text[at]!)) {
    const character = text[at]!;
    if (character === '"') {
      const quoted = quotedAt(text, at);
      part.text += quoted.text;
      whole += quoted.text;
      at = quoted.end;
      continue;
    }
    whole += character;
    at += 1;
    if (character !== ',') part.text += character;
    else {
      parts.push(part);
      part = { text: '', start: at };
    }
  }
  parts.push(part);
  return { value: { start, parts, whole }, end: at };
}

function quotedAt(text: string, start: number): { text: string; end: number } {
  let content = '';
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '"') return { text: content, end: at + 1 };
    if (text[at] === '\\' && at + 1 < text.length) at += 1;
    content += text[at];
  }
  throw new InvalidQuery(start, 'this quotation mark is not closed');
}

function isEnd(character: string): boolean {
  return character === ')' || /\s/.test(character);
}

function skipSpace(text: string, start: number): number {
  space.lastIndex = start;
  return start + space.exec(text)![0].length;
}
