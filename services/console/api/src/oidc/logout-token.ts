import { InvalidInput } from '@tidewaiter/domain';
import { jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';

import { textClaim } from './claims.js';

const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout';

/** Sessions that the provider ends: of a user, of one of its sessions, or both. */
export interface ProviderLogout {
  issuer: string;
  subject: string | null;
  providerSession: string | null;
  /** Sessions that were opened later stay. */
  issuedAt: Date;
}

interface ExpectedToken {
  issuer: string;
  clientId: string;
  clockSkewSeconds: number;
}

/**
 * Verifies the logout token of a provider.
 * @throws InvalidInput `LOGOUT_TOKEN_INVALID`
 * @see https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation
 */
export async function readLogoutToken(
  token: string,
  keys: JWTVerifyGetKey,
  { issuer, clientId, clockSkewSeconds }: ExpectedToken,
): Promise<ProviderLogout> {
  const payload = await verified(token, keys, { issuer, audience: clientId, clockTolerance: clockSkewSeconds });
  const events: unknown = payload['events'];
  const isLogout = typeof events === 'object' && events !== null && Object.hasOwn(events, logoutEvent);
  const [subject, providerSession] = [textClaim(payload, 'sub'), textClaim(payload, 'sid')];
  // A nonce belongs to an ID token, which anyone who has signed in could pass off as a logout.
  if (!isLogout || payload['nonce'] !== undefined || (subject === null && providerSession === null)) throw invalid();
  const issuedAt = new Date((payload.iat! + clockSkewSeconds) * 1_000);
  return { issuer, subject, providerSession, issuedAt };
}

async function verified(token: string, keys: JWTVerifyGetKey, expected: object): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, keys, {
      ...expected,
      maxTokenAge: '5m',
      requiredClaims: ['iat', 'jti'],
    });
    return payload;
  } catch (cause) {
    throw invalid(cause);
  }
}

function invalid(cause?: unknown): InvalidInput {
  return new InvalidInput('LOGOUT_TOKEN_INVALID', 'the logout token is not valid', { cause });
}
