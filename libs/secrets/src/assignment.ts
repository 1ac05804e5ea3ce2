import { isNameChar } from './characters.js';

/** Text before a value: `NAME=`, `"name": "`, `<name>`, `setProperty("name", "`. */
export interface Assignment {
  /** Whole name around the keyword. */
  name: string;
  nameStart: number;
  /** Part of the name after the keyword. */
  tail: string;
  operator: string;
  /** Quotation mark before the value, or an empty text. */
  quote: string;
  valueStart: number;
}

/** Words that turn the name of a service into the name of its credential. */
export const credentialName = /token|key|secret|pass|pwd|auth|cred|access|client|api|login|webhook|id$/i;

const limits = { head: 40, tail: 40, type: 20, space: 12 };

/** Parses the text after a keyword in a name; undefined if nothing is assigned to that name. */
export function readAssignment(text: string, keywordStart: number, keywordEnd: number): Assignment | undefined {
  const nameEnd = skip(text, keywordEnd, keywordEnd + limits.tail, isNameChar);
  return (
    readDeclaration(text, keywordStart, keywordEnd, nameEnd) ?? readOperation(text, keywordStart, keywordEnd, nameEnd)
  );
}

const declaration = /(?:^|\s)(?:ENV|SetEnv|setenv|fastcgi_param|uwsgi_param)[ \t]{1,8}$/;

/** `ENV NAME value`: a command whose second word is the value. */
function readDeclaration(text: string, keywordStart: number, keywordEnd: number, nameEnd: number) {
  if (!isBlank(text.charCodeAt(nameEnd))) return undefined;
  const nameStart = startOfName(text, keywordStart);
  if (!isBlank(text.charCodeAt(nameStart - 1)) || !declaration.test(text.slice(Math.max(0, nameStart - 24), nameStart)))
    return undefined;
  return valueAt(text, keywordStart, keywordEnd, nameEnd, ' ', nameEnd + 1);
}

/** `"name": "NAME", "value": "…"`, in JSON, YAML or the attributes of XML. */
const namedValue = /["']?,?\s{0,80}["']?[Vv]alue["']?[ \t]{0,8}([:=])/y;

function readOperation(text: string, keywordStart: number, keywordEnd: number, nameEnd: number) {
  let at = skipClosing(text, nameEnd);
  const isQuotedName = at > nameEnd;
  at = skip(text, at, at + limits.space, isBlank);
  if (!isQuotedName && at > nameEnd && isNameChar(text.charCodeAt(at))) at = skipType(text, at);
  const operator = operatorAt(text, at);
  if (operator === '' || operator === ',') {
    namedValue.lastIndex = nameEnd;
    const sign = mayBeNamed(text, nameEnd) ? namedValue.exec(text)?.[1] : undefined;
    if (sign !== undefined) return valueAt(text, keywordStart, keywordEnd, nameEnd, sign, namedValue.lastIndex);
    if (operator === '' || !isQuotedName) return undefined;
  }
  const found = valueAt(text, keywordStart, keywordEnd, nameEnd, operator, at + operator.length);
  return operator === ',' && found.quote === '' ? undefined : found;
}

function valueAt(
  text: string,
  keywordStart: number,
  keywordEnd: number,
  nameEnd: number,
  operator: string,
  from: number,
): Assignment {
  let at = skip(text, from, from + limits.space, operator === '>' ? isSpace : isBlank);
  if (operator === '>' && text.startsWith(characterData, at)) at += characterData.length;
  if (text[at] === '\\' && isQuote(text.charCodeAt(at + 1))) at += 1;
  const quote = isQuote(text.charCodeAt(at)) ? text.charAt(at) : '';
  const nameStart = startOfName(text, keywordStart);
  const name = text.slice(nameStart, nameEnd);
  return { name, nameStart, tail: text.slice(keywordEnd, nameEnd), operator, quote, valueStart: at + quote.length };
}

const characterData = '<![CDATA[';

// Fast check: the name ends in a quotation mark or with its line.
function mayBeNamed(text: string, nameEnd: number): boolean {
  const code = text.charCodeAt(nameEnd);
  return isQuote(code) || isLineEnd(code);
}

/** Start of the name around `at`. */
export function startOfName(text: string, at: number): number {
  const limit = Math.max(0, at - limits.head);
  let start = at;
  while (start > limit && isNameChar(text.charCodeAt(start - 1))) start -= 1;
  return start;
}

/**
 * End of the value: its closing quotation mark, or the first character that no bare value contains.
 */
export function endOfValue(text: string, start: number, quote: string, longest: number): number {
  const isEnd = quote === '' ? isBareEnd : (code: number) => code === quote.charCodeAt(0) || isLineEnd(code);
  let end = start;
  while (end < text.length && end - start <= longest && !isEnd(text.charCodeAt(end))) end += 1;
  // In a string inside a string the quotation mark is escaped.
  return quote !== '' && text[end - 1] === '\\' && text[start - 2] === '\\' ? end - 1 : end;
}

// Skips `string` in `var token string = "`, and at most one word of prose.
function skipType(text: string, at: number): number {
  const end = skip(text, at, at + limits.type, isNameChar);
  return skip(text, end, end + limits.space, isBlank);
}

// Skips `"`, `']`, `")` and their escaped forms.
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
