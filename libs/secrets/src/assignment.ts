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

const declaration = /(?:^|\s)(?:ENV|SetEnv|setenv|set(?: -{1,2}[a-z]{1,9}){1,3}|fastcgi_param|uwsgi_param)[ \t]{1,8}$/;
/** Declarations of programs whose value is a text in quotes: of C, Lisp, CMake and Tcl. */
const constant = /(?:#[ \t]{0,4}define[ \t]{1,8}|\((?:setq|def)[ \t]{1,4}|(?:^|\s)set(?:\(|[ \t]{1,4})|[\s{(]:)$/;

/** `ENV NAME value`: a command whose second word is the value. */
function readDeclaration(text: string, keywordStart: number, keywordEnd: number, nameEnd: number) {
  if (!isBlank(text.charCodeAt(nameEnd))) return undefined;
  const nameStart = startOfName(text, keywordStart);
  const before = text.slice(Math.max(0, nameStart - 24), nameStart);
  if (isBlank(text.charCodeAt(nameStart - 1)) && declaration.test(before))
    return valueAt(text, keywordStart, keywordEnd, nameEnd, ' ', nameEnd + 1);
  if (!constant.test(before)) return undefined;
  const found = valueAt(text, keywordStart, keywordEnd, nameEnd, '=', nameEnd + 1);
  return found.quote === '' ? undefined : found;
}

/**
 * `"name": "NAME", "value": "…"`, in JSON, YAML or the attributes of XML, and `<key>NAME</key>
 * <string>…` of property lists.
 */
const namedValue = /["']?,?\s{0,80}["']?(?:[Vv]alue|default)["']?[ \t]{0,8}([:=])|<\/key>\s{0,80}<string>/y;
/** The type behind a name: `: string`, `: &'static str`, `As String`, `{ get; set; }`. */
const annotation =
  /(?::[ \t]{0,4}&?(?:'static )?[A-Za-z_][\w.<>?[\]]{0,40}|As[ \t]{1,4}String|\{ ?get; ?(?:(?:private |protected )?(?:set|init); ?)?\})[ \t]{0,4}(?==[ \t]{0,4}["'`])/y;

function readOperation(text: string, keywordStart: number, keywordEnd: number, nameEnd: number) {
  let at = skipClosing(text, nameEnd);
  const isQuotedName = at > nameEnd;
  at = skip(text, at, at + limits.space, isBlank);
  annotation.lastIndex = at;
  if (annotation.test(text)) at = annotation.lastIndex;
  else if (!isQuotedName && at > nameEnd && isNameChar(text.charCodeAt(at))) at = skipType(text, at);
  const operator = operatorAt(text, at);
  if (operator === '' || operator === ',') {
    namedValue.lastIndex = nameEnd;
    const named = mayBeNamed(text, nameEnd) ? namedValue.exec(text) : null;
    const sign = named === null ? undefined : (named[1] ?? '=');
    if (sign !== undefined) return valueAt(text, keywordStart, keywordEnd, nameEnd, sign, namedValue.lastIndex);
    if (operator === '' || !isQuotedName) return undefined;
  }
  const found = valueAt(text, keywordStart, keywordEnd, nameEnd, operator, at + operator.length);
  return found.quote === '' && mustQuote.has(operator) ? undefined : found;
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
  if (operator === ':' || operator === '=') at = skipIntroduction(text, at);
  if (operator === '>' && text.startsWith('<value>', at)) at += '<value>'.length;
  at = skipPrefix(text, at);
  const quote = isQuote(text.charCodeAt(at)) ? text.charAt(at) : '';
  const nameStart = startOfName(text, keywordStart);
  const name = text.slice(nameStart, nameEnd);
  return { name, nameStart, tail: text.slice(keywordEnd, nameEnd), operator, quote, valueStart: at + quote.length };
}

/** Before the quote: a backslash, `b`, `@`; or three of them. */
const prefix = /(?:\\|@|[bBrRuUL]{1,2})(?=["'`])|"""(?=[^"])|'''(?=[^'])/y;

function skipPrefix(text: string, at: number): number {
  prefix.lastIndex = at;
  const found = prefix.exec(text)?.[0] ?? '';
  return at + (found.length === 3 ? 2 : found.length);
}

const characterData = '<![CDATA[';
/**
 * Before a value: the anchor, the tag or the style of a block in YAML, the end of a continued line
 * in properties and programs, and the name `value` of an object.
 */
const introduction =
  /(?:[&!][\w!-]{1,40}[ \t]{1,8})?[|>][+-]?\d?[ \t]{0,4}\r?\n[ \t]{1,40}|[&!][\w!-]{1,40}[ \t]{1,8}|[\\(][ \t]{0,4}\r?\n[ \t]{0,40}|(?:\{\s{0,40}|\r?\n[ \t]{1,40})["']?value["']?[ \t]{0,4}:[ \t]{0,4}/y;

function skipIntroduction(text: string, at: number): number {
  introduction.lastIndex = at;
  return introduction.test(text) ? introduction.lastIndex : at;
}

// Fast check: the name ends in a quotation mark, with its line or with its element.
function mayBeNamed(text: string, nameEnd: number): boolean {
  const code = text.charCodeAt(nameEnd);
  return isQuote(code) || isLineEnd(code) || text.startsWith('</key>', nameEnd);
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

const operators = [':::=', '::=', ':=', '?=', '.=', '+=', '=>', '==', '=', '::', ':', '>', ',', '||', '??', '('];
/** Operators of programs: `env('NAME', "…")`, `env.NAME || "…"`, `setPassword("…")`. */
const mustQuote = new Set([',', '||', '??', '(']);

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
