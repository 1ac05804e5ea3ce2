import { endOfValue, readAssignment, startOfName } from './assignment.js';
import type { Assignment } from './assignment.js';
import { entropyOf } from './characters.js';
import { isIdentifier, looksRandom } from './placeholder.js';
import { nothing } from './secret-rule.js';
import type { Candidate, KeywordPlace } from './secret-rule.js';
import { isWeak } from './url-credentials.js';

const longestValue = 200;

/** Words that may follow `secret`, `token` and similar in a name without changing its meaning. */
const harmlessTail =
  /^(?:[_.-]?(?:key|token|secret|password|string|str|value|val|base|base64|b64|data|access|api|auth|prod|production|live|dev|stag(?:e|ing)|main|default|app|user|admin|root|db|client|service|plain|[0-9]{1,2}|s))*$/i;

/**
 * Names of public values, or of values that are no secret: `publicToken`, `csrf_token`,
 * `foreignKey`, `nextPageToken`.
 */
const harmlessName =
  /public|publishable|dummy|fake|mock|anon_?key|(?:gpg|pgp)_?key|hashed|(?:early|derived|handshake)_?secret|csrf|xsrf|foreign|primary|(?:issuer|cache|sort|map|hash|page|sync|cursor|continuation|idempotency|site|client)_?(?:key|token)|algorithm|verif|anti_?forgery|request_?token|placeholder|token_?(?:type|kind)/i;

/** `api_key = "…"`: a value that is secret only by its name must look random. */
export function readSecretAssignment(place: KeywordPlace): readonly Candidate[] {
  const found = readNamedValue(place);
  if (found === undefined) return nothing;
  const { value, assignment } = found;
  if (
    !isRandomValue(value, assignment, place) &&
    !isPhrase(value, assignment, place) &&
    !isRandomUuid(value, assignment, place)
  )
    return nothing;
  return [{ start: found.start, end: found.end }];
}

const reachOfPair = 2_000;

/** `ACME_KEY=…`; beside `ACME_SECRET` it is only the name of that secret. */
export function readEnvironmentKey(place: KeywordPlace): readonly Candidate[] {
  const { text, start } = place;
  const secret = `${text.slice(startOfName(text, start), start)}_SECRET`;
  const around = text.slice(Math.max(0, start - reachOfPair), start + reachOfPair);
  return around.toUpperCase().includes(secret.toUpperCase()) ? nothing : readSecretAssignment(place);
}

/** `password = …` in configuration, in which values chosen by users are not random. */
export function readPasswordAssignment(place: KeywordPlace): readonly Candidate[] {
  const found = readNamedValue(place);
  if (found === undefined || found.value.length > 64) return nothing;
  return isPassword(found.value, found.assignment, place) ? [{ start: found.start, end: found.end }] : nothing;
}

function readNamedValue(place: KeywordPlace) {
  const { text, file, start: keyword, end: keywordEnd } = place;
  if (file.isMadeByTools) return undefined;
  const assignment = readDirective(place) ?? readAssignment(text, keyword, keywordEnd);
  if (assignment === undefined || !isSecretName(assignment, text)) return undefined;
  // `/etc/passwd: …` names a file.
  if (assignment.operator === ':' && text[assignment.nameStart - 1] === '/') return undefined;
  if (isExplained(text, keyword)) return undefined;
  const start = assignment.valueStart;
  const end = endOfNamed(text, assignment);
  if (end - start < 8 || end - start > longestValue) return undefined;
  if (!isWhole(text.charAt(text[end] === '\\' && assignment.quote !== '' ? end + 1 : end), assignment.quote))
    return undefined;
  return { assignment, start, end, value: text.slice(start, end) };
}

const directiveFile = /\.(?:conf|cfg|cnf)$/;

/** `password …` on a line of its own, as many services write their configuration. */
function readDirective({ text, file, start, end }: KeywordPlace): Assignment | undefined {
  const nameStart = startOfName(text, start);
  if (
    !directiveFile.test(file.path) ||
    !/(?:^|\n)[ \t]{0,40}$/.test(text.slice(Math.max(0, nameStart - 41), nameStart))
  )
    return undefined;
  const [, tail = '', blank = '', quote = ''] = directive.exec(text.slice(end, end + longestValue + 80)) ?? [];
  const nameEnd = end + tail.length;
  const valueStart = nameEnd + blank.length + quote.length;
  const name = text.slice(nameStart, nameEnd);
  return blank === '' ? undefined : { name, nameStart, tail, operator: '=', quote, valueStart };
}

const directive = /^([\w.-]{0,40})([ \t]{1,12})(["']?)[^\s"'=:>][^\s"']{0,199}\3;?[ \t]{0,8}(?:\r?\n|$)/;

/** Whether a comment calls it an example: `# Example: user=admin&password=…`. */
function isExplained(text: string, at: number): boolean {
  const before = text.slice(Math.max(0, at - longestValue), at);
  const line = before.slice(before.lastIndexOf('\n') + 1);
  return /^[ \t]{0,80}(?:#|;|\/\/)/.test(line) && /\b(?:examples?|e\.g\.)/i.test(line);
}

function endOfNamed(text: string, { nameStart, valueStart, quote }: Assignment): number {
  const end = endOfValue(text, valueStart, quote, longestValue);
  // `?access_token=…&state=…`
  const isQuery = quote === '' && (text[nameStart - 1] === '?' || text[nameStart - 1] === '&');
  const next = isQuery ? text.slice(valueStart, end).indexOf('&') : -1;
  return next === -1 ? end : valueStart + next;
}

// A value followed by a bracket is an expression of a program.
function isWhole(next: string, quote: string): boolean {
  return quote === '' ? !'([{|'.includes(next) || next === '' : next === quote;
}

/** Name of a method that sets a value: `a.setPassword`, `builder.password`. */
const setter = /(?:^|\.)(?:set|with)[A-Z_]\w{0,40}$|\.(?:password|passphrase|secret|token|api_?key)$/i;

function isSecretName({ name, nameStart, tail, operator }: Assignment, text: string): boolean {
  if (operator === '::' || operator === '==' || !harmlessTail.test(tail) || harmlessName.test(name)) return false;
  if (operator === '(') return setter.test(name);
  if (operator !== '>') return true;
  return text[nameStart - 1] === '<' || /(?:name|key)=["']$/.test(text.slice(Math.max(0, nameStart - 6), nameStart));
}

const uuid = /^\{?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}?$/i;
const hex = /^(?:0x)?[0-9a-f]+$/i;
const tokenLike = /^[A-Za-z0-9_+/=.~:-]{16,200}$/;
// A path, an address, a version, a file or the member of an object.
const otherThing =
  /^(?:\.{0,2}\/|~\/|[a-z][a-z0-9+.-]{1,20}:|[A-Za-z_]\w{0,60}(?:\.[A-Za-z_]\w{0,60})+$)|\.[a-z]{2,5}$|^v?\d+\.\d|^[\w.-]+\.(?:com|org|net|io|dev|local|internal)\b/i;
const nameOfHex = /secret|password|passwd|token|(?:api|access|auth|encryption|signing|master|private)_?key/i;

function isRandomValue(
  value: string,
  { name, operator, quote }: Assignment,
  { text, start, file }: KeywordPlace,
): boolean {
  if (!tokenLike.test(value) || uuid.test(value) || otherThing.test(value)) return false;
  if (!looksRandom(value)) return isKeyOf32Bytes(value);
  if (!hex.test(value)) return entropyOf(value) >= 3.5;
  // Digests are everywhere: one is a secret only on a line of its own, assigned to the name of a
  // secret.
  const isOwnLine = operator === '=' || /\s/.test(text.charAt(start + name.length)) || quote === '';
  const shortest = file.isEnvironment && /secret|token/i.test(name) ? 20 : 32;
  const isKey = nameOfHex.test(name) || (file.isEnvironment && /_KEY$/i.test(name));
  return isOwnLine && isKey && value.length >= shortest && entropyOf(value) >= 3;
}

/** As of WireGuard; in one of ten the signs of Base64 leave no random word. */
const isKeyOf32Bytes = (value: string): boolean =>
  /^[A-Za-z0-9+/]{43}=$/.test(value) && /[0-9].*[0-9]/.test(value) && entropyOf(value) >= 4.5;

/** `RAILWAY_TOKEN=…` of an environment: some services make version 4 of a UUID their tokens. */
function isRandomUuid(value: string, { name }: Assignment, { file }: KeywordPlace): boolean {
  return (
    file.isEnvironment &&
    /(?:token|secret|(?:secret|api)_?key)$/i.test(name) &&
    /^[^-]{8}-[^-]{4}-4/.test(value) &&
    uuid.test(value)
  );
}

/** `JWT_SECRET=…` of an environment is secret even if a user made it up. */
function isPhrase(value: string, { name }: Assignment, { file }: KeywordPlace): boolean {
  return (
    file.isEnvironment &&
    /secret(?:_key)?$/i.test(name) &&
    /^[\w.+!@#%^&*-]{12,}$/.test(value) &&
    /[^A-Za-z]/.test(value) &&
    entropyOf(value) >= 3 &&
    !otherThing.test(value) &&
    !uuid.test(value)
  );
}

function isPassword(value: string, assignment: Assignment, place: KeywordPlace): boolean {
  const { text, file } = place;
  const { valueStart } = assignment;
  if (otherThing.test(value) || uuid.test(value) || hex.test(value) || /^\$\d?[a-z]?\$|^\{[A-Z]/.test(value))
    return false;
  if (file.isEnvironment || isVariable(assignment, value, place)) return !isWeak(value) && entropyOf(value) >= 2;
  if (!/[A-Za-z]/.test(value) || !/[0-9]/.test(value) || /[^\x21-\x7e]/.test(value)) return false;
  const classes = [/[a-z]/, /[A-Z]/, /[^A-Za-z0-9_.-]/].filter((characters) => characters.test(value)).length;
  if (file.isConfig || file.isShell) return classes >= 2 && entropyOf(value) >= 2.5;
  // In a program a name and a text beside it are mostly words: only a text unlike any name is a
  // password.
  // `@Value("${db.password:…}")` has the default of a setting.
  const isDefault = text.startsWith('${', assignment.nameStart - 2);
  const isQuoted = assignment.quote !== '' || isDefault || (text[valueStart - 1] === '=' && looksRandom(value));
  return isQuoted && classes >= 2 && entropyOf(value) >= 2.75 && !isWeak(value) && !isIdentifier(value);
}

/** Translations also have names in capitals. */
const withoutVariables = /\.(?:json|properties|xml)$/i;

/**
 * Whether it is an environment variable, by its capitals or its declaration: `export`, `ENV`, `-
 * NAME=value` of a list.
 */
function isVariable(
  { name, nameStart, operator }: Assignment,
  value: string,
  { text, file }: Pick<KeywordPlace, 'text' | 'file'>,
): boolean {
  if (operator === ' ') return true;
  if (text.slice(Math.max(0, nameStart - 7), nameStart) === 'export ') return file.isShell || /[^A-Za-z]/.test(value);
  if (!/^[A-Z][A-Z0-9_]{3,}$/.test(name) || withoutVariables.test(file.path)) return false;
  return (file.isShell && operator === '=') || (file.isConfig && /[^A-Za-z]/.test(value));
}
