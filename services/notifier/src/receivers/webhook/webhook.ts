import { createHmac } from 'node:crypto';

import { AccessDenied, InvalidInput, Secret, Unavailable } from '@tidewaiter/domain';
import type { EgressRequest, EgressResponse } from '@tidewaiter/runtime';

import { isTemporary, post, retryAfterMs } from '../outbound.js';
import { receiver, type Configs } from '../receiver.js';
import { webhookPayload } from './payload.js';

/**
 * Posts a group of alerts in the shape of Alertmanager's webhook payload, version 4. The delivery's id comes with it, so that
 * the other side can drop a repetition; with a secret the request is signed as Standard Webhooks says.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export const webhook = receiver({
  kind: 'webhook',
  async send({ url, auth, maxAlerts, timeoutMs, signingSecret }, delivery, context) {
    const body = JSON.stringify(webhookPayload(delivery, maxAlerts));
    const headers = {
      'content-type': 'application/json',
      'idempotency-key': delivery.id,
      ...standardHeaders(delivery.id, body, signingSecret, new Date()),
    };
    const response = await post(url.reveal(), { headers, body, timeoutMs, ...authorization(auth) }, context);
    await response.discard();
    if (response.status < 200 || response.status >= 300) throw failure(response);
    return { outcome: 'sent', reference: delivery.id, refused: [] };
  },
});

/** `webhook-id` stays the same over retries, time and signature do not. */
export function standardHeaders(
  id: string,
  body: string,
  secret: Secret | undefined,
  now: Date,
): Record<string, string> {
  const timestamp = String(Math.floor(now.getTime() / 1000));
  const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp };
  if (!secret) return headers;
  const key = Buffer.from(secret.reveal().replace(/^whsec_/, ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { ...headers, 'webhook-signature': `v1,${signature}` };
}

function authorization(auth: Configs['webhook']['auth']): Pick<EgressRequest, 'credentials'> {
  if (!auth) return {};
  const value =
    auth.type === 'basic'
      ? `Basic ${Buffer.from(`${auth.username}:${auth.password.reveal()}`, 'utf8').toString('base64')}`
      : `${auth.scheme} ${auth.credentials.reveal()}`;
  return { credentials: { authorization: new Secret(value) } };
}

function failure({ status, headers }: EgressResponse): AccessDenied | InvalidInput | Unavailable {
  const message = `the webhook answered status ${status}`;
  if (isTemporary(status)) return new Unavailable('WEBHOOK_UNAVAILABLE', message, retryAfterMs(headers, new Date()));
  if (status === 401 || status === 403 || status === 407) return new AccessDenied('WEBHOOK_DENIED', message);
  return new InvalidInput('WEBHOOK_REFUSED', message);
}
