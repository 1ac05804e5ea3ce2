import { createHmac } from 'node:crypto';

import type { Secret } from '@tidewaiter/domain';

import { authorization, httpFailure } from '../http-channel.js';
import { post } from '../outbound.js';
import type { ChannelSender } from '../sender.js';
import type { WebhookConfig } from './config.js';
import { webhookPayload } from './render.js';

/**
 * Posts a group of alerts in the shape of Alertmanager's webhook payload, version 4. The delivery's
 * id comes with it, so that the other side can drop a repetition; with a secret the request is
 * signed by Standard Webhooks.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export const webhookSender: ChannelSender<WebhookConfig> = {
  async send({ url, http, maxAlerts, timeoutMs, signingSecret }, delivery, context) {
    const body = JSON.stringify(webhookPayload(delivery, maxAlerts));
    const headers = {
      'content-type': 'application/json',
      'idempotency-key': delivery.id,
      ...standardHeaders(delivery.id, body, signingSecret, new Date()),
    };
    const request = { headers, body, http, timeoutMs, ...(await authorization(http, context)) };
    const response = await post(url.reveal(), request, context);
    await response.discard();
    if (response.status < 200 || response.status >= 300) throw httpFailure('Webhook', response);
    return { outcome: 'sent', reference: delivery.id, refused: [] };
  },
};

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
