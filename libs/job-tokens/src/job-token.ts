import { matchesWildcard, TidewaiterError, Unavailable } from '@tidewaiter/domain';
import type { TokenIssuer } from '@tidewaiter/runtime';
import { field, isObject, type HookObject } from '@tidewaiter/webhooks';
import { createLocalJWKSet, errors, type JSONWebKeySet, jwtVerify, type JWTPayload } from 'jose';

import type { CiKind } from './ci/ci-kind.js';
import type { PublishedKeys } from './published-keys.js';

/** Algorithms with a public key only: no shared secrets, no `none`. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
const clockToleranceSeconds = 30;
/**
 * Age from which keys are fetched again for an unknown key id, which may be new. The limit prevents
 * a fetch for each forged token.
 */
const newKeyAfterMs = 60_000;

/**
 * Claims of a job's token; null when it is not valid or does not meet the settings.
 * @throws Unavailable when a key cannot be fetched now
 */
export async function verifiedClaims(
  token: string,
  ci: CiKind,
  trusted: TokenIssuer,
  keys: PublishedKeys,
): Promise<HookObject | null> {
  const claims = await verify(token, trusted, keys);
  return claims && meets(claims, ci, trusted) ? { ...claims } : null;
}

async function verify(token: string, trusted: TokenIssuer, keys: PublishedKeys): Promise<JWTPayload | null> {
  try {
    return await verifyWith(token, trusted, await keySetOf(trusted, keys));
  } catch (error) {
    if (!(error instanceof errors.JWKSNoMatchingKey) || trusted.keys !== undefined)
      return refused(error, trusted.issuer);
  }
  try {
    return await verifyWith(token, trusted, await keySetOf(trusted, keys, newKeyAfterMs));
  } catch (error) {
    return refused(error, trusted.issuer);
  }
}

function refused(error: unknown, issuer: string): null {
  if (error instanceof errors.JOSEError) return null;
  // WebCrypto has errors of its own for a broken key.
  throw error instanceof TidewaiterError ? error : unreadable(issuer, error);
}

async function verifyWith(token: string, { issuer, audience }: TokenIssuer, set: JSONWebKeySet): Promise<JWTPayload> {
  const { payload } = await jwtVerify(token, createLocalJWKSet(set), {
    issuer,
    audience,
    algorithms,
    clockTolerance: clockToleranceSeconds,
    requiredClaims: ['exp', 'iat'],
  });
  return payload;
}

/** @see https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfigurationRequest */
async function keySetOf(
  { issuer, keys: given }: TokenIssuer,
  keys: PublishedKeys,
  maxAgeMs?: number,
): Promise<JSONWebKeySet> {
  if (given !== undefined) return readKeySet(given, issuer);
  const discovery = new URL(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  const url = keysUrl(readJson(await keys.get(discovery), issuer), issuer);
  return readKeySet(await keys.get(url, maxAgeMs), issuer);
}

function keysUrl(configuration: unknown, issuer: string): URL {
  const [named, text] = [field(configuration, 'issuer'), field(configuration, 'jwks_uri')];
  const url = typeof text === 'string' ? URL.parse(text) : null;
  // The keys must come over a channel as safe as that of the document which named them.
  if (named !== issuer || url?.protocol !== new URL(issuer).protocol) throw unreadable(issuer);
  return url;
}

function readKeySet(text: string, issuer: string): JSONWebKeySet {
  const set = readJson(text, issuer);
  if (!isObject(set) || !Array.isArray(set['keys'])) throw unreadable(issuer);
  return { keys: set['keys'].filter(isObject) as JSONWebKeySet['keys'] };
}

function readJson(text: string, issuer: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw unreadable(issuer, cause);
  }
}

function unreadable(issuer: string, cause?: unknown): Unavailable {
  return new Unavailable('KEYS_UNAVAILABLE', `the keys of ${issuer} cannot be read`, { cause });
}

/** Whether the claims meet the settings, and the job is not one that an outsider can trigger. */
function meets(claims: JWTPayload, { outsiders }: CiKind, { claims: asked }: TokenIssuer): boolean {
  if (!asked.every(({ claim, values }) => values.some((pattern) => isClaimed(claims, claim, pattern)))) return false;
  if (outsiders === null || asked.some(({ claim }) => claim === outsiders.claim)) return true;
  return !outsiders.values.some((value) => isClaimed(claims, outsiders.claim, value));
}

function isClaimed(claims: JWTPayload, claim: string, pattern: string): boolean {
  const value = field(claims, claim);
  const isScalar = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  return isScalar && matchesWildcard(pattern, String(value));
}
