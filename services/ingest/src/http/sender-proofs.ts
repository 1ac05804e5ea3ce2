import { Unavailable } from '@tidewaiter/domain';
import type { PublishedKeys } from '@tidewaiter/job-tokens';
import { type HookRequest, isSignedBy, readSns, snsCertificateUrl } from '@tidewaiter/webhooks';
import { createLocalJWKSet, errors, jwtVerify } from 'jose';

/**
 * Whether Amazon SNS signed the request, and for this topic, since any account may have topics.
 * @throws Unavailable
 */
export async function isFromTopic(
  { body }: HookRequest,
  { topicArn, certificate }: { topicArn: string; certificate?: string | undefined },
  keys: PublishedKeys,
): Promise<boolean> {
  const message = readSns(body);
  const url = message && snsCertificateUrl(message);
  if (message?.topicArn !== topicArn || !url) return false;
  return isSignedBy(message, certificate ?? (await keys.get(url)));
}

const googleKeys = new URL('https://www.googleapis.com/oauth2/v3/certs');
const googleIssuers = ['https://accounts.google.com', 'accounts.google.com'];

/**
 * Whether the request carries a token of Google for this audience and of this service account.
 * @throws Unavailable
 */
export async function isFromServiceAccount(
  { headers }: HookRequest,
  { audience, serviceAccount, keys: given }: { audience: string; serviceAccount: string; keys?: string | undefined },
  keys: PublishedKeys,
): Promise<boolean> {
  const [, token] = /^bearer +(\S+)$/i.exec(headers['authorization'] ?? '') ?? [];
  if (token === undefined) return false;
  const set = given ?? (await keys.get(googleKeys));
  try {
    const { payload } = await jwtVerify(token, createLocalJWKSet(JSON.parse(set)), {
      audience,
      issuer: googleIssuers,
      algorithms: ['RS256'],
    });
    return payload['email'] === serviceAccount && payload['email_verified'] === true;
  } catch (error) {
    if (error instanceof errors.JOSEError) return false;
    throw new Unavailable('KEYS_UNAVAILABLE', 'the keys of Google cannot be read', { cause: error });
  }
}
