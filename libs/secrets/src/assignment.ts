import { isNameChar } from './characters.js';

/** What stands before a value: `NAME=`, `"name": "`, `<name>`, `setProperty("name", "`. */
export interface Assignment {
  /** The whole name, as far as it stands around the keyword. */
  name: string;
  /** What of the name follows the keyword. */
  tail: string;
  operator: string;
  /** The quotation mark before the value, or an empty text. */
  quote: string;
  valueStart: number;
}

/** Words that make the name of a service the name of its credential. */
export const credentialName = /token|key|secret|pass|pwd|auth|cred|access|client|api|login|webhook|id$/i;

const limits = { head: 40, tail: 40, type: 20, space: 12 };

/** Reads what follows a keyword in a name; undefined when nothing is assigned to that name. */
export function readAssignment(text: string, keywordStart: number, keywordEnd: number): Assignment | undefined {
  const nameEnd = skip(text, keywordEnd, keywordEnd + limits.tail, isNameChar);
  let at = skipClosing(text, nameEnd);
  const isQuotedName = at > nameEnd;
  at = skip(text, at, at + limits.space, isBlank);
  if (!isQuotedName && at > nameEnd && isNameChar(text.charCodeAt(at))) at = skipType(text, at);
  const operator = operatorAt(text, at);
  if (operator === '' || (operator === ',' && !isQuotedName)) return undefined;
  at += operator.length;
  at = skip(text, at, at + limits.space, operator === '>' ? isSpace : isBlank);
  if (text[at] === '\\' && isQuote(text.charCodeAt(at + 1))) at += 1;
  const quote = isQuote(text.charCodeAt(at)) ? text.charAt(at) : '';
  if (operator === ',' && quote === '') return undefined;
  const name = text.slice(startOfName(text, keywordStart), nameEnd);
  return { name, tail: text.slice(keywordEnd, nameEnd), operator, quote, valueStart: at + quote.length };
}

/** Where the name begins that `at` stands in. */
export function startOfName(text: string, at: number): number {
  const limit = Math.max(0, at - limits.head);
  let start = at;
  while (start > limit && isNameChar(text.charCodeAt(start - 1))) start -= 1;
  return start;
}

/** The end of the value: its closing quotation mark, or the first character that no bare value holds. */
export function endOfValue(text: string, start: number, quote: string, longest: number): number {
  const isEnd = quote === '' ? isBareEnd : (code: number) => code === quote.charCodeAt(0) || isLineEnd(code);
  let end = start;
  while (end < text.length && end - start <= longest && !isEnd(text.charCodeAt(end))) end += 1;
  return end;
}

// `string` in `var token string = "`, and no more than one word of prose.
function skipType(text: string, at: number): number {
  const end = skip(text, at, at + limits.type, isNameChar);
  return skip(text, end, end + limits.space, isBlank);
}

// `"`, `']`, `")` and their escaped forms.
function skipClosing(text: string, at: number): number {
  let end = text[at] === '\\' ? at + 1 : at;
  if (!isQuote(text.charCodeAt(end))) return text[at] === ']' ? at + 1 : at;
  end += 1;
  return text[end] === ']' || text[end] === ')' ? end + 1 : end;
}

const operators = [':::=', '::=', ':=', '?=', '.=', '+=', '=>', '==', '=', '::', ':', '>', ','];

function operatorAt(text: string, at: number): string {
  return operators.find((operator) => text.startsWith(operator, at)) ?? '';
}

function skip(text: string, from: number, limit: number, isSkipped: (code: number) => boolean): number {
  let at = from;
  while (at < limit && isSkipped(text.charCodeAt(at))) at += 1;
  return at;
}

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;
const isLineEnd = (code: number): boolean => code === 0x0a || code === 0x0d;
const isSpace = (code: number): boolean => isBlank(code) || isLineEnd(code);
const isQuote = (code: number): boolean => code === 0x22 || code === 0x27 || code === 0x60;
const bareEnds = new Set(Array.from('"\'`<>,;(){}[]\\|', (char) => char.charCodeAt(0)));
const isBareEnd = (code: number): boolean => code <= 0x20 || bareEnds.has(code);
