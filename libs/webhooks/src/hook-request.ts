import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

import { InvalidInput, limitJsonValues, type Secret } from '@tidewaiter/domain';

/** Unverified request to a hook: its sender is not authenticated yet. */
export interface HookRequest {
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The raw bytes: signatures cover these and never JSON that was written again. */
  readonly body: Buffer;
  readonly query?: Readonly<Record<string, string | undefined>>;
}

export type HookObject = Readonly<Record<string, unknown>>;

const maxJsonDepth = 64;

/**
 * The body as JSON. Its size is the caller's limit; bytes that are not UTF-8 become U+FFFD, so that
 * a registry never repeats a damaged event for ever. @throws InvalidInput `BODY_NOT_JSON`, or
 * `BODY_TOO_DEEP` above 64 levels; LimitExceeded `maxJsonValues`
 */
export function parseJson(body: Buffer): unknown {
  const text = new TextDecoder().decode(body);
  limitJsonValues(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new InvalidInput('BODY_NOT_JSON', 'The body is not JSON.', { cause });
  }
  guard(value, maxJsonDepth);
  return value;
}

function guard(value: unknown, levelsLeft: number): void {
  if (typeof value !== 'object' || value === null) return;
  if (levelsLeft === 0)
    throw new InvalidInput('BODY_TOO_DEEP', `The body is nested deeper than ${maxJsonDepth} levels.`);
  // JSON.parse makes it an own property; copying the object by assignment later would set a
  // prototype.
  Reflect.deleteProperty(value, '__proto__');
  for (const child of Object.values(value)) guard(child, levelsLeft - 1);
}

export function isObject(value: unknown): value is HookObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Value at a path of own members (never `constructor` and its like); undefined where the path ends
 * early.
 */
export function field(value: unknown, ...path: string[]): unknown {
  let here = value;
  for (const name of path) {
    if (!isObject(here) || !Object.hasOwn(here, name)) return undefined;
    here = here[name];
  }
  return here;
}

/**
 * A text of the body that PostgreSQL can store, cut to `maxChars` with an ellipsis; null for
 * anything else and for the empty text.
 */
export function readText(value: unknown, maxChars = 512): string | null {
  if (typeof value !== 'string' || value === '') return null;
  const cut = value.length > maxChars ? `${value.slice(0, maxChars - 1)}…` : value;
  // Neither text nor jsonb can hold U+0000 or half of a surrogate pair: one hostile process name
  // would fail the whole batch.
  return cut.toWellFormed().replaceAll('\0', '\uFFFD');
}

// Documented samples of Falco end in `Z+2`. Years outside 19xx to 2xxx are no times, Go's zero time
// 0001-01-01 among them.
const isoTimePattern = /^((?:19|2\d)\d\d-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(?:Z(?:\+\d{1,2})?|([+-]\d\d:\d\d))$/;

/** An ISO 8601 time in UTC with every fraction digit that was given; null when it is none. */
export function readTime(value: unknown): string | null {
  const match = typeof value === 'string' ? isoTimePattern.exec(value) : null;
  if (match === null) return null;
  const [, wholeSeconds = '', fraction = '', offset = 'Z'] = match;
  const time = new Date(wholeSeconds + offset);
  return Number.isNaN(time.getTime()) ? null : `${time.toISOString().slice(0, 19)}${fraction}Z`;
}

/** Whether a sender knows the secret, in constant time. A missing or empty secret never matches. */
export function secretEquals(given: string | undefined, secret: Secret): boolean {
  if (!given || secret.reveal() === '') return false;
  // Hashed first: timingSafeEqual needs equal lengths, and the length of the secret must not leak.
  return timingSafeEqual(sha256(given), sha256(secret.reveal()));
}

/**
 * Whether the `Authorization` header carries the secret: bare, as `Bearer <secret>` or as the
 * password of `Basic`.
 */
export function authorizationEquals({ headers }: Pick<HookRequest, 'headers'>, secret: Secret): boolean {
  const header = headers['authorization'] ?? '';
  if (secretEquals(header, secret)) return true;
  const [, scheme = '', credentials = ''] = /^(bearer|basic) +(\S+)$/i.exec(header) ?? [];
  if (scheme.toLowerCase() === 'bearer') return secretEquals(credentials, secret);
  const userAndPassword = Buffer.from(credentials, 'base64').toString('utf8');
  return secretEquals(userAndPassword.slice(userAndPassword.indexOf(':') + 1), secret);
}

/** Whether `signature`, in hex, is the HMAC of the raw body, in constant time. */
export function hmacEquals(
  signature: string | undefined,
  body: Buffer,
  secret: Secret,
  algorithm: 'sha256' | 'sha1' = 'sha256',
): boolean {
  const expected = createHmac(algorithm, secret.reveal()).update(body).digest();
  if (signature === undefined || !/^[0-9a-f]+$/i.test(signature) || secret.reveal() === '') return false;
  return signature.length === expected.length * 2 && timingSafeEqual(Buffer.from(signature, 'hex'), expected);
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
