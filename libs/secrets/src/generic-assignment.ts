import { endOfValue, readAssignment, startOfName } from './assignment.js';
import type { Assignment } from './assignment.js';
import { entropyOf } from './characters.js';
import { looksRandom } from './placeholder.js';
import { nothing } from './secret-rule.js';
import type { Candidate, Place } from './secret-rule.js';
import { isWeak } from './url-credentials.js';

const longestValue = 200;

/** Words that may follow `secret`, `token` and the like in a name without making it the name of something else. */
const harmlessTail =
  /^(?:[_.-]?(?:key|token|secret|password|string|str|value|val|base|base64|b64|data|access|api|auth|prod|production|live|dev|stag(?:e|ing)|main|default|app|user|admin|root|db|client|service|plain|[0-9]{1,2}|s))*$/i;

/** Names of what is public, or no secret of its own: `publicToken`, `csrf_token`, `foreignKey`, `nextPageToken`. */
const harmlessName =
  /public|csrf|xsrf|foreign|primary|(?:issuer|cache|sort|map|hash|page|sync|cursor|continuation|idempotency|site|client)_?(?:key|token)|algorithm|verif|anti_?forgery|request_?token|placeholder|token_?(?:type|kind)/i;

/** `api_key = "…"`: what only its name calls a secret has to look drawn by chance. */
export function readSecretAssignment(place: Place): readonly Candidate[] {
  const found = readNamedValue(place);
  if (found === undefined || !isRandomValue(found.value, found.assignment, place)) return nothing;
  return [{ start: found.start, end: found.end }];
}

/** `password = …` in configuration, where people write values that are no random characters. */
export function readPasswordAssignment(place: Place): readonly Candidate[] {
  const found = readNamedValue(place);
  if (found === undefined || found.value.length > 64) return nothing;
  return isPassword(found.value, place) ? [{ start: found.start, end: found.end }] : nothing;
}

function readNamedValue(place: Place) {
  const { text, file, start: keyword, end: keywordEnd } = place;
  if (file.isMadeByTools) return undefined;
  const assignment = readAssignment(text, keyword, keywordEnd);
  if (assignment === undefined || !isSecretName(assignment, text, keyword)) return undefined;
  const start = assignment.valueStart;
  const end = endOfValue(text, start, assignment.quote, longestValue);
  if (end - start < 8 || end - start > longestValue || !isWhole(text.charAt(end), assignment.quote)) return undefined;
  return { assignment, start, end, value: text.slice(start, end) };
}

// What goes on with a bracket is an expression of a program, no value.
function isWhole(next: string, quote: string): boolean {
  return quote === '' ? !'([{|'.includes(next) || next === '' : next === quote;
}

function isSecretName({ name, tail, operator }: Assignment, text: string, keyword: number): boolean {
  if (operator === '::' || operator === '==' || !harmlessTail.test(tail) || harmlessName.test(name)) return false;
  return operator !== '>' || text[startOfName(text, keyword) - 1] === '<';
}

const uuid = /^\{?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}?$/i;
const hex = /^(?:0x)?[0-9a-f]+$/i;
const tokenLike = /^[A-Za-z0-9_+/=.~:-]{16,200}$/;
// A path, an address, a version, a file or the member of an object.
const otherThing =
  /^(?:\.{0,2}\/|~\/|[a-z][a-z0-9+.-]{1,20}:|[A-Za-z_]\w{0,60}(?:\.[A-Za-z_]\w{0,60})+$)|\.[a-z]{2,5}$|^v?\d+\.\d|^[\w.-]+\.(?:com|org|net|io|dev|local|internal)\b/i;
const nameOfHex = /secret|password|passwd|token|api_?key|access_?key|auth_?key/i;

function isRandomValue(value: string, { name, operator, quote }: Assignment, { text, start }: Place): boolean {
  if (!tokenLike.test(value) || uuid.test(value) || otherThing.test(value)) return false;
  if (!looksRandom(value)) return false;
  if (!hex.test(value)) return entropyOf(value) >= 3.5;
  // Digests stand everywhere: only a line of its own that assigns to the name of a secret makes one a secret.
  const isOwnLine = operator === '=' || /\s/.test(text.charAt(start + name.length)) || quote === '';
  return isOwnLine && nameOfHex.test(name) && value.length >= 32 && entropyOf(value) >= 3;
}

function isPassword(value: string, { file }: Place): boolean {
  if (otherThing.test(value) || uuid.test(value) || hex.test(value) || /^\$\d?[a-z]?\$|^\{[A-Z]/.test(value))
    return false;
  if (file.isEnvironment) return !isWeak(value) && entropyOf(value) >= 2;
  if (!/[A-Za-z]/.test(value) || !/[0-9]/.test(value) || /[^\x21-\x7e]/.test(value)) return false;
  const isMixed = (/[a-z]/.test(value) && /[A-Z]/.test(value)) || /[^A-Za-z0-9_.-]/.test(value);
  return file.isConfig && isMixed && entropyOf(value) >= 2.5;
}
