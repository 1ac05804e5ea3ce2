import { AccessDenied, InvalidInput, Secret, Unavailable } from '@tidewaiter/domain';
import type { EgressRequest, EgressResponse } from '@tidewaiter/egress';

import type { HttpConfig } from './http-config.js';
import { oauthToken } from './oauth-token.js';
import { basicAuthorization, isTemporary, post, retryAfterMs } from './outbound.js';
import type { Outcome, OutgoingMessage, SendContext } from './sender.js';

/** Request to a channel that takes JSON and reports success by its status. */
export interface JsonRequest {
  /** Name for errors: `PagerDuty`, and `PAGERDUTY` as prefix of their codes. */
  name: string;
  url: string;
  body: object;
  headers?: Record<string, string>;
  credentials?: EgressRequest['credentials'];
  http: HttpConfig;
  timeoutMs: number;
  /** Further statuses after which this channel may accept a retry. */
  temporary?: readonly number[];
}

/**
 * Sends the request once.
 * @throws as `Receiver.send`
 */
export async function postJson(
  request: JsonRequest,
  delivery: OutgoingMessage,
  context: SendContext,
): Promise<Outcome> {
  const { name, url, body, headers, credentials, http, timeoutMs, temporary } = request;
  const response = await post(
    url,
    {
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
      http,
      timeoutMs,
      ...(credentials ? { credentials } : await authorization(http, context)),
    },
    context,
  );
  await response.discard();
  if (response.status < 200 || response.status >= 300) throw httpFailure(name, response, temporary);
  return { outcome: 'sent', reference: delivery.id, refused: [] };
}

/**
 * Classifies a failed response. Its body stays out of the error: errors are logged, and an attacker
 * may control the body.
 */
export function httpFailure(
  name: string,
  { status, headers }: EgressResponse,
  temporary: readonly number[] = [],
): AccessDenied | InvalidInput | Unavailable {
  const code = name.toUpperCase().replaceAll(/[^A-Z]/g, '_');
  const message = `${name} answered status ${status}`;
  if (isTemporary(status) || temporary.includes(status))
    return new Unavailable(`${code}_UNAVAILABLE`, message, retryAfterMs(headers, new Date()));
  if (status === 401 || status === 403 || status === 407) return new AccessDenied(`${code}_DENIED`, message);
  return new InvalidInput(`${code}_REFUSED`, message);
}

/** The `Authorization` header of a configuration. @throws as `oauthToken` */
export async function authorization(
  { auth }: HttpConfig,
  context: SendContext,
): Promise<Pick<EgressRequest, 'credentials'>> {
  if (!auth) return {};
  if (auth.type === 'basic')
    return { credentials: { authorization: basicAuthorization(auth.username, auth.password) } };
  const [scheme, credentials] =
    auth.type === 'oauth2' ? ['Bearer', await oauthToken(auth, context)] : [auth.scheme, auth.credentials];
  return { credentials: { authorization: new Secret(`${scheme} ${credentials.reveal()}`) } };
}
