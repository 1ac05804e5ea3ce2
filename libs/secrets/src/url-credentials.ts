import { bitmap } from './characters.js';
import { isPlaceholder, looksRandom } from './placeholder.js';
import { nothing } from './secret-rule.js';
import type { Candidate, KeywordPlace } from './secret-rule.js';

const credentials =
  /:\/\/([^\s:/?#@"'`<>\\]{0,80}):([^\s/"'`<>\\]{3,200})@([A-Za-z0-9_.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])/dy;
const colon = 0x3a;
const schemes =
  /^(?:postgres(?:ql)?|mysql2?|mariadb|mongodb(?:\+srv)?|rediss?|amqps?|mssql|sqlserver|oracle|cockroachdb|clickhouse|cassandra|couchbases?|ldaps?|nats|influxdb|neo4j|bolt|snowflake|db2|tds|tidb|vertica|redshift|stomp|mqtts?|memcached|elasticsearch)$/;
const weak =
  /^(?:pass(?:word|wd|phrase|code)?|pwd?|p4ss|secret|token|user(?:name)?|admin|root|guest|test(?:ing)?|login|postgres|mysql|redis|mongo|rabbitmq|api_?key|key|auth|creds?|foo|bar|baz|qux|abc|hunter2|tiger|s3cret|secure|default|none|null|undefined|port|[a-z]?\d{1,6})[-_]?\d{0,6}!?$/i;
const documentationHost =
  /(?:^|\.)example(?:\.(?:com|org|net|edu))?$|\.(?:test|invalid|example)$|^(?:host(?:name)?|server|domain|site|url)(?:\.|$)/i;
const localHost = /^(?:localhost|127\.|0\.0\.0\.0|::1|\[::1\])/i;

/**
 * Name and password in a URL, of databases and brokers or of anything else. @see
 * https://www.rfc-editor.org/rfc/rfc3986#section-3.2.1
 */
export function readUrlCredentials({ text, start }: KeywordPlace, isDatabase: boolean): readonly Candidate[] {
  if (schemes.test(schemeBefore(text, start)) !== isDatabase) return nothing;
  credentials.lastIndex = start;
  const match = credentials.exec(text) ?? (isDatabase ? null : tokenOfGit(text, start));
  const span = match?.indices?.[2];
  if (match === null || span === undefined) return nothing;
  const [, user = '', password = '', host = ''] = match;
  const confidence = evaluate(user, password, host);
  return confidence === undefined ? nothing : [{ start: span[0], end: span[1], confidence }];
}

const gitToken = /:\/\/()([\w-]{20,200})@([A-Za-z0-9_.-]{1,253})\/[^\s"'`<>]{1,200}\.git(?:[^\w.-]|$)/dy;

/** `https://TOKEN@host/repository.git`: servers of Git take a token without a name. */
function tokenOfGit(text: string, start: number): RegExpExecArray | null {
  gitToken.lastIndex = start;
  const match = gitToken.exec(text);
  return match !== null && looksRandom(match[2] ?? '') ? match : null;
}

const dataSource = /(?:^|["'`\s=])[\w.-]{1,64}:([^\s"'`@:/]{4,128})$/d;

/** `user:password@tcp(host)/database`, for Go's MySQL drivers. */
export function readDataSourceName({ text, start }: KeywordPlace): readonly Candidate[] {
  const from = Math.max(0, start - 200);
  const match = dataSource.exec(text.slice(from, start));
  const span = match?.indices?.[1];
  const password = match?.[1] ?? '';
  if (span === undefined || isWeak(password) || /^[$%{<]/.test(password)) return nothing;
  return [{ start: from + span[0], end: from + span[1], confidence: looksRandom(password) ? 'likely' : 'possible' }];
}

const longestUser = 80;
const endsUser = bitmap(/[\s:/?#@"'`<>\\]/);

const at = 0x40;
const shortestToken = 20;

/** Fast check of the bytes behind `://`: most URLs have neither a name nor a port, nor a token. */
export function mayHoldCredentials(bytes: Uint8Array, _start: number, end: number): boolean {
  let next = end;
  while (next < bytes.length && next - end < longestUser && endsUser[bytes[next]!] === 0) next += 1;
  return bytes[next] === colon || (bytes[next] === at && next - end >= shortestToken);
}

function schemeBefore(text: string, end: number): string {
  let start = end;
  while (start > 0 && end - start < 20 && /[A-Za-z0-9+]/.test(text.charAt(start - 1))) start -= 1;
  return text.slice(start, end).toLowerCase();
}

function evaluate(user: string, password: string, host: string): Candidate['confidence'] {
  if (password === user || isWeak(password) || isPlaceholder(password) || /[{}$()[\]]/.test(user)) return undefined;
  if (/^[{[(<]|[}\])>]$|^\$|^:/.test(password) || password.includes('://')) return undefined;
  if (documentationHost.test(host)) return looksRandom(password) && password.length >= 12 ? 'possible' : undefined;
  return localHost.test(host) || !looksRandom(password) ? 'possible' : 'likely';
}

/** Whether a password is one that is common in samples and tests. */
export const isWeak = (password: string): boolean => weak.test(password);
