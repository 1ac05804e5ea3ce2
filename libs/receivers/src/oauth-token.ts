import { AccessDenied, InvalidInput, Secret, Unavailable } from '@tidewaiter/domain';
import type { EgressResponse } from '@tidewaiter/egress';
import { z } from 'zod';

import type { OAuth2 } from './http-config.js';
import { answerText, basicAuthorization, isTemporary, jsonOf, post, retryAfterMs, withoutDoubt } from './outbound.js';
import type { SendContext } from './sender.js';

const maxAnswerBytes = 64 * 1024;
/** Lifetime of a token whose server gives none. */
const usualLifeMs = 5 * 60_000;
/** Time before the expiry at which a new token is requested. */
const spareMs = 30_000;

const kept = new WeakMap<OAuth2, { token: Secret; endsAt: number }>();

/**
 * Returns an access token, fetched with the client credentials and cached until shortly before it
 * expires.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.4
 * @throws Unavailable, AccessDenied; nothing was sent to the channel
 */
export async function oauthToken(oauth: OAuth2, context: SendContext): Promise<Secret> {
  const known = kept.get(oauth);
  if (known && known.endsAt - spareMs > Date.now()) return known.token;
  const fresh = await withoutDoubt('OAuth', async () => fetchToken(oauth, context));
  kept.set(oauth, fresh);
  return fresh.token;
}

async function fetchToken(oauth: OAuth2, context: SendContext): Promise<{ token: Secret; endsAt: number }> {
  const response = await askForToken(oauth, 'header', context);
  if (response.status !== 400 && response.status !== 401) return readToken(response);
  await response.discard();
  // Some servers accept the secret only in the body.
  return readToken(await askForToken(oauth, 'body', context));
}

async function askForToken(oauth: OAuth2, place: 'header' | 'body', context: SendContext): Promise<EgressResponse> {
  const { clientId, clientSecret, tokenUrl, scopes, parameters, tls, proxy } = oauth;
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
    ...(place === 'body' && { client_id: clientId, client_secret: clientSecret.reveal() }),
    ...Object.fromEntries(parameters),
  });
  const credentials = {
    authorization: basicAuthorization(encoded(clientId), new Secret(encoded(clientSecret.reveal()))),
  };
  return post(
    tokenUrl,
    {
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: form.toString(),
      http: { headers: [], tls, proxy },
      timeoutMs: 0,
      ...(place === 'header' && { credentials }),
    },
    context,
  );
}

/** Form-encodes a client id or secret. @see https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1 */
function encoded(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1);
}

const tokenShape = z.object({
  access_token: z.string().regex(/^[\x21-\x7e]+$/),
  token_type: z.string().regex(/^bearer$/i),
  expires_in: z.coerce.number().positive().optional().catch(undefined),
});

async function readToken(response: EgressResponse): Promise<{ token: Secret; endsAt: number }> {
  const { status, headers } = response;
  const text = await answerText(response, maxAnswerBytes);
  if (isTemporary(status))
    throw new Unavailable('OAUTH_UNAVAILABLE', `OAuth answered status ${status}`, retryAfterMs(headers, new Date()));
  if (status !== 200) throw new AccessDenied('OAUTH_DENIED', `OAuth answered status ${status}`);
  const answer = tokenShape.safeParse(jsonOf(text)).data;
  if (!answer) throw new InvalidInput('OAUTH_REFUSED', 'OAuth answered without a bearer token');
  const lifeMs = answer.expires_in === undefined ? usualLifeMs : answer.expires_in * 1000;
  return { token: new Secret(answer.access_token), endsAt: Date.now() + lifeMs };
}
