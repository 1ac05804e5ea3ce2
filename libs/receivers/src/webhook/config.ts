import type { Secret } from '@tidewaiter/domain';
import { rendered, type Section } from '@tidewaiter/routing';

import type { HttpConfig } from '../http-config.js';

/** One entry of `webhook_configs`. */
export interface WebhookConfig {
  url: Secret;
  http: HttpConfig;
  /** Alerts above this number are left out and counted; 0 sends them all. */
  maxAlerts: number;
  /** Timeout of one request; 0 when the file gives none. */
  timeoutMs: number;
  /** Secret of the Standard Webhooks signature of every request; an extension of Tidewaiter. */
  signingSecret: Secret | undefined;
  sendResolved: boolean;
}

/**
 * Reads one entry of `webhook_configs`; undefined when a problem was noted.
 * @see https://prometheus.io/docs/alerting/latest/configuration/ `<webhook_config>`
 */
export function readWebhook(section: Section, http: HttpConfig): WebhookConfig | undefined {
  const url = section.secretUrl('url');
  const config = {
    http,
    maxAlerts: section.count('max_alerts') ?? 0,
    timeoutMs: section.timeoutMs('timeout'),
    signingSecret: readSigningSecret(section),
    sendResolved: section.flag('send_resolved') ?? true,
  };
  section.finish(['payload'], rendered);
  if (!url) section.problem('url', 'or url_file is required');
  return url && { url, ...config };
}

/**
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 * "Signature scheme"
 */
function readSigningSecret(section: Section): Secret | undefined {
  const secret = section.secret('signing_secret');
  if (!secret) return undefined;
  const [, encoded = ''] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret.reveal()) ?? [];
  const { length } = Buffer.from(encoded, 'base64');
  if (length >= 24 && length <= 64) return secret;
  section.problem('signing_secret', 'expected whsec_ and the base64 of 24 to 64 bytes');
  return undefined;
}
