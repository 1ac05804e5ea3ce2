import type { Secret } from '@tidewaiter/domain';
import { rendered, type Section } from '@tidewaiter/routing';

import { type HttpConfig, refuseAuth } from '../http-config.js';

/** One entry of `pushover_configs`. */
export interface PushoverConfig {
  url: string;
  userKey: Secret;
  token: Secret;
  device: string | undefined;
  sound: string | undefined;
  /** From -2 to 2; without it, by the severity of the message. */
  priority: number | undefined;
  /**
   * Interval and duration of the repetition of a message of priority 2 that is not acknowledged.
   */
  retrySeconds: number;
  expireSeconds: number;
  /** After how long a message goes away by itself; 0: it stays. */
  ttlSeconds: number;
  isMonospace: boolean;
  http: HttpConfig;
  timeoutMs: number;
  sendResolved: boolean;
}

/**
 * Reads one entry of `pushover_configs`; undefined when a problem was noted.
 * @see https://prometheus.io/docs/alerting/latest/configuration/ `<pushover_config>`
 */
export function readPushover(section: Section, http: HttpConfig): PushoverConfig | undefined {
  const [userKey, token] = [section.secret('user_key'), section.secret('token')];
  const seconds = (key: string) => Math.floor((section.durationMs(key) ?? 0) / 1000);
  const [retrySeconds, expireSeconds] = [seconds('retry') || 60, seconds('expire') || 3600];
  const config = {
    url: 'https://api.pushover.net/1/messages.json',
    device: section.text('device'),
    sound: section.wording('sound'),
    priority: readPriority(section),
    retrySeconds,
    expireSeconds,
    ttlSeconds: seconds('ttl'),
    isMonospace: section.flag('monospace') ?? false,
    http,
    timeoutMs: section.timeoutMs('timeout'),
    sendResolved: section.flag('send_resolved') ?? true,
  };
  refuseAuth(section, http, 'the token authenticates it');
  section.finish(['title', 'message', 'url', 'url_title', 'html'], rendered);
  if (retrySeconds < 30) section.problem('retry', 'must be 30s or more');
  if (expireSeconds > 10_800) section.problem('expire', 'must be 3h or less');
  if (!userKey) section.problem('user_key', 'or user_key_file is required');
  if (!token) section.problem('token', 'or token_file is required');
  return userKey && token && { userKey, token, ...config };
}

function readPriority(section: Section): number | undefined {
  const text = section.wording('priority');
  if (text === undefined || /^(?:-[12]|[012])$/.test(text)) return text === undefined ? undefined : Number(text);
  section.problem('priority', 'expected a number from -2 to 2');
  return undefined;
}
