import { startOfName } from './assignment.js';
import { basicAuthIn } from './basic-auth.js';
import { looksRandom } from './placeholder.js';
import { buildPrefilter } from './prefilter.js';
import { nothing } from './secret-rule.js';
import type { Candidate } from './secret-rule.js';
import { isWeak } from './url-credentials.js';

/**
 * Places where a command, a URL, a header or a body has a value that is meant to be secret.
 * Findings about images need precision and come from {@link secretRules}; masks before storage need
 * recall: a value that its flag, header or name marks as a password is one, in any form.
 */
interface Pattern {
  /** Lower-case literals, matched in any case. */
  keywords: readonly string[];
  /** `start` and `end` of the keyword; the text has one character for each byte. */
  find(text: string, start: number, end: number): readonly Candidate[];
}

const longestValue = 4096;
const quoted = `\\\\?(["'])([^\\s"'\\\\][^"'\\\\\\n]{0,${longestValue}})`;
const bare = `([^\\s"'\`&;,|<>(){}\\\\]{1,${longestValue}})`;

/**
 * `NAME=value`, `"name": "value"`, `name: value`, `"name":"NAME","value":"value"`, from the end of
 * the keyword.
 */
const assignment = new RegExp(
  `(?:s|_?[0-9]{1,2}|_?b(?:ase)?64)?\\\\?["']?\\]?(?:,[ \\t]{0,4}\\\\?["']value\\\\?["'])?[ \\t]{0,2}(?:=>|:=|=|:(?!/))[ \\t]{0,4}(?:${quoted}|${bare})`,
  'dy',
);
/** `--name value`; options for files have names like `--password-file`. */
const option = new RegExp(`[ \\t]{1,4}(?:${quoted}|${bare})`, 'dy');

/**
 * Names that end in a word for a secret but are none: cursors of lists, public values, tokens of
 * forms.
 */
const harmlessName =
  /(?:(?:next|page|paging|continu\w{0,8}|cursor|sync|clientrequest|request|csrf|xsrf|antiforgery|verification|idempotency|public|primary|foreign|partition|sort|cache|object|tokenize?)[_.-]?(?:token|key|secret|session|sid|sig)|client[_.-]?token)$/i;
const workingDirectory = /^(?:OLD)?PWD$/i;

interface Word {
  keywords: readonly string[];
  /** Checks the form of the value; references are excluded before. */
  isSecret(value: string): boolean;
}

const isLikely = (value: string): boolean =>
  value.length >= 8 && /[A-Za-z]/.test(value) && (/[0-9]/.test(value) || isOpaque(value)) && !isPlace(value);

/** Long, with upper and lower case: one random token in fifty has no digit. */
const isOpaque = (value: string): boolean => value.length >= 20 && /[a-z]/.test(value) && /[A-Z]/.test(value);

/** A path, an address or a version is a location, not a secret. */
const isPlace = (value: string): boolean =>
  /^(?:\.{0,2}\/|~\/|[a-z][a-z0-9+.-]{1,20}:\/\/|v?\d+\.\d+(?:\.|$))/i.test(value);

const words: readonly Word[] = [
  { keywords: ['password', 'passwd', 'passphrase', 'passwort', 'kennwort'], isSecret: (value) => value.length >= 4 },
  { keywords: ['secret', 'pwd', 'credential'], isSecret: (value) => value.length >= 6 && /[^a-z.-]/.test(value) },
  {
    keywords: [
      'token',
      'pass',
      'auth',
      'session',
      'sessionid',
      'session_id',
      'sid',
      'jwt',
      'bearer',
      'signature',
      'sig',
    ],
    isSecret: isLikely,
  },
  {
    keywords: ['api-key', 'api_key', 'apikey', 'access-key', 'access_key', 'accesskey', 'account-key', 'accountkey'],
    isSecret: isLikely,
  },
  { keywords: ['private-key', 'private_key', 'secret-key', 'secret_key', 'secretkey'], isSecret: isLikely },
  { keywords: ['key'], isSecret: (value) => value.length >= 16 && isLikely(value) && looksRandom(value) },
];

function wordPattern({ keywords, isSecret }: Word): Pattern {
  return { keywords, find: (text, start, end) => readNamed(text, start, end, isSecret) };
}

function readNamed(text: string, start: number, end: number, isSecret: Word['isSecret']): readonly Candidate[] {
  const nameStart = startOfName(text, start);
  const name = text.slice(nameStart, end);
  if (harmlessName.test(name)) return nothing;
  const isOption = text[nameStart] === '-';
  const match = matchAt(assignment, text, end) ?? (isOption ? matchAt(option, text, end) : null);
  const span = match?.indices?.[2] ?? match?.indices?.[3];
  if (match === null || span === undefined) return nothing;
  const value = text.slice(span[0], span[1]);
  if (isReference(value) || isPlace(value) || isWeak(value) || !isSecret(value)) return nothing;
  if (workingDirectory.test(name) || (isOption && value.startsWith('-'))) return nothing;
  return [{ start: span[0], end: span[1] }];
}

/** A variable, a template, a boolean or a short number is no secret by itself. */
function isReference(value: string): boolean {
  return /^[$%<{[(@*]|^(?:true|false|null|nil|none|undefined|yes|no|on|off|\d{1,5}|\*+)$|\$\(|\$\{|\{\{|\*{4}/i.test(
    value,
  );
}

/** `Authorization: Bearer …`, with or without a shell's quotation marks. */
const header =
  /["'\\]{0,2}[ \t]{0,2}[:=][ \t]{0,4}["'\\]{0,2}(?:(basic|bearer|token|api-?key|digest|negotiate|oauth|jwt|aws4-hmac-sha256)[ \t]{1,4})?([A-Za-z0-9._~+/=:-]{6,4096})/diy;

function readHeader(text: string, _start: number, end: number): readonly Candidate[] {
  const match = matchAt(header, text, end);
  const span = match?.indices?.[2];
  if (span === undefined) return nothing;
  return match?.[1]?.toLowerCase() === 'basic' ? encodedPair(text, span) : [{ start: span[0], end: span[1] }];
}

/** `Bearer …` alone, as in logs. */
const scheme = /[ \t]{1,4}([A-Za-z0-9._~+/=-]{16,4096})/dy;

function readScheme(text: string, start: number, end: number): readonly Candidate[] {
  const span = matchAt(scheme, text, end)?.indices?.[1];
  if (span === undefined) return nothing;
  const isBasic = text.slice(start, end).toLowerCase() === 'basic';
  if (isBasic) return basicAuthIn(text, span[0], span[1]);
  return isLikely(text.slice(span[0], span[1])) ? [{ start: span[0], end: span[1] }] : nothing;
}

/** The fingerprint is that of the password, so that it is the same wherever the password occurs. */
function encodedPair(text: string, [start, end]: [number, number]): readonly Candidate[] {
  const pair = basicAuthIn(text, start, end);
  return pair.length > 0 ? pair : [{ start, end }];
}

const cookies = /["'\\]{0,2}[ \t]{0,2}:[ \t]{0,4}((?:[^\s;="']{1,128}=[^\s;"']{0,4096}(?:;[ \t]{0,2})?){1,50})/dy;
const curlCookie = /[ \t](?:-b|--cookie)[ =]{1,2}["']?((?:[^\s;="']{1,128}=[^\s;"']{0,4096}(?:;[ \t]{0,2})?){1,50})/d;

function readCookies(text: string, _start: number, end: number): readonly Candidate[] {
  return cookieValues(text, matchAt(cookies, text, end)?.indices?.[1]);
}

/** Values of cookies are mostly flags; those long enough for a session are masked. */
function cookieValues(text: string, span: [number, number] | undefined): readonly Candidate[] {
  if (span === undefined) return nothing;
  const found: Candidate[] = [];
  for (const match of text.slice(span[0], span[1]).matchAll(/=([^\s;]{12,4096})/g)) {
    const start = span[0] + match.index + 1;
    if (!isReference(match[1]!)) found.push({ start, end: start + match[1]!.length });
  }
  return found;
}

/** Userinfo up to the last `@` of the authority: a password may contain an `@` itself. */
const userinfo = /([^\s/?#"'`<>\\]{1,1024})@[A-Za-z0-9.[\]_-]/dy;

function readUserinfo(text: string, start: number, end: number): readonly Candidate[] {
  const span = matchAt(userinfo, text, end)?.indices?.[1];
  if (span === undefined) return nothing;
  const info = text.slice(span[0], span[1]);
  const colon = info.indexOf(':');
  const value = info.slice(colon + 1);
  if (isReference(value) || isWeak(value) || value.length < 3) return nothing;
  if (colon !== -1) return [{ start: span[0] + colon + 1, end: span[1] }];
  // A miner's URL has its wallet there; a user is a word.
  const isMiner = /stratum[0-9]?(?:\+[a-z]{1,4})?$/i.test(text.slice(Math.max(0, start - 20), start));
  return !isMiner && value.length >= 16 && (looksRandom(value) || isOpaque(value))
    ? [{ start: span[0], end: span[1] }]
    : nothing;
}

const commandReach = 2000;
const curlUser = /[ \t](?:-[A-Za-z]{0,6}[uU]|--(?:proxy-)?user)[ =]{0,2}["']?[^\s"':]{0,128}:([^\s"']{3,256})/d;
const httpieUser = /[ \t](?:-a|--auth)[ =]{0,2}["']?[^\s"':]{0,128}:([^\s"']{3,256})/d;
const opensslKey = /[ \t](?:-k|-K)[ \t]{1,4}["']?([^\s"'-][^\s"']{3,256})/d;
const netUser = /[ \t]users?[ \t]{1,4}[^\s/]{1,64}[ \t]{1,4}([^\s/*][^\s]{3,128})/dy;
const impacket = /[ \t](?:[^\s/:@"']{1,64}\/)?[^\s/:@"']{1,64}:([^\s:"']{4,128})@/d;

/** Values of options of one program, up to the end of its line. */
function optionOf(
  expression: RegExp,
  read: (text: string, span: [number, number]) => readonly Candidate[] = asWritten,
) {
  return (text: string, _start: number, end: number): readonly Candidate[] => {
    // One character back: the blank that ends the program's name precedes the first option.
    const from = end - 1;
    const line = text.slice(from, from + commandReach);
    const lineEnd = line.indexOf('\n');
    expression.lastIndex = 0;
    const span = expression.exec(lineEnd === -1 ? line : line.slice(0, lineEnd))?.indices?.[1];
    return span === undefined ? nothing : read(text, [from + span[0], from + span[1]]);
  };
}

function asWritten(text: string, [start, end]: [number, number]): readonly Candidate[] {
  const value = text.slice(start, end);
  return isReference(value) || isWeak(value) ? nothing : [{ start, end }];
}

/** Also if a sensor truncated the line before the signature. */
const webToken = /[A-Za-z0-9_-]{8,8192}\.[A-Za-z0-9_-]{8,16384}(?:\.[A-Za-z0-9_-]{0,16384}){0,3}/y;
const keyHead = /[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/y;

function readPrivateKey(text: string, _start: number, end: number): readonly Candidate[] {
  const head = matchAt(keyHead, text, end);
  if (head === null) return nothing;
  const from = end + head[0].length;
  const foot = text.indexOf('-----END', from);
  // A key truncated by its sensor extends to the end of the text.
  const to = foot === -1 ? text.length : foot;
  return to - from < 16 ? nothing : [{ start: from, end: to }];
}

/** `sk-…` of providers of language models, but not `task-…` or words in a row. */
function readModelKey(text: string, start: number): readonly Candidate[] {
  if (/[A-Za-z0-9]/.test(text.charAt(start - 1))) return nothing;
  const match = matchAt(/sk-([A-Za-z0-9_-]{17,512})/y, text, start);
  return match !== null && looksRandom(match[1]!) ? [{ start, end: start + match[0].length }] : nothing;
}

/** Pattern for a value with a known prefix. */
function prefixed(expression: RegExp) {
  return (text: string, start: number): readonly Candidate[] => {
    const match = matchAt(expression, text, start);
    return match === null ? nothing : [{ start, end: start + match[0].length }];
  };
}

const patterns: readonly Pattern[] = [
  ...words.map(wordPattern),
  {
    keywords: ['authorization', 'x-api-key', 'x-auth-token', 'private-token', 'job-token', 'x-vault-token'],
    find: readHeader,
  },
  { keywords: ['bearer', 'basic'], find: readScheme },
  { keywords: ['cookie'], find: readCookies },
  { keywords: ['://'], find: readUserinfo },
  { keywords: ['curl '], find: optionOf(curlUser) },
  { keywords: ['curl '], find: optionOf(curlCookie, (text, span) => cookieValues(text, span)) },
  { keywords: ['http ', 'https ', 'httpie '], find: optionOf(httpieUser) },
  { keywords: ['openssl '], find: optionOf(opensslKey) },
  { keywords: ['net', 'net.exe'], find: (text, _, end) => spanOf(matchAt(netUser, text, end)) },
  { keywords: ['exec.py ', 'dump.py ', 'client.py ', 'impacket-'], find: optionOf(impacket) },
  { keywords: ['eyj'], find: prefixed(new RegExp(`eyJ${webToken.source}`, 'y')) },
  { keywords: ['-----begin '], find: readPrivateKey },
  { keywords: ['sk-'], find: readModelKey },
  {
    keywords: ['$1$', '$5$', '$6$', '$y$', '$2y$', '$2b$', '$2a$'],
    find: prefixed(/\$(?:[156y]|2[aby])\$[./A-Za-z0-9$=]{20,512}/y),
  },
  { keywords: ['/bot'], find: (text, _, end) => prefixed(/[0-9]{6,12}:[A-Za-z0-9_-]{30,64}/y)(text, end) },
];

function spanOf(match: RegExpExecArray | null): readonly Candidate[] {
  const span = match?.indices?.[1];
  return span === undefined ? nothing : [{ start: span[0], end: span[1] }];
}

function matchAt(expression: RegExp, text: string, from: number): RegExpExecArray | null {
  expression.lastIndex = from;
  return expression.exec(text);
}

const keywords = patterns.flatMap((pattern) => pattern.keywords.map((keyword) => ({ keyword, pattern })));
const prefilter = buildPrefilter(keywords.map(({ keyword }) => keyword));

/** Limit on places in one text: more are noise, or made to cost time. */
const maxAttempts = 20_000;

/** Finds the places of secrets in a text, and reports whether all of it was searched. */
export function findMarkedSecrets(content: Buffer): { found: Candidate[]; isComplete: boolean } {
  const found: Candidate[] = [];
  let text = '';
  let attempts = 0;
  prefilter.scan(content, content.length, (number, end) => {
    attempts += 1;
    if (attempts > maxAttempts) return;
    // One character per byte, made only if a pattern reads it.
    if (text === '') text = content.toString('latin1');
    const { keyword, pattern } = keywords[number]!;
    found.push(...pattern.find(text, end - keyword.length, end));
  });
  return { found, isComplete: attempts <= maxAttempts };
}
