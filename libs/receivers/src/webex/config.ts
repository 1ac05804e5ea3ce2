import { rendered, type Section } from '@tidewaiter/routing';

import type { HttpConfig } from '../http-config.js';

/** One entry of `webex_configs`; the bot's token is in `http`. */
export interface WebexConfig {
  url: string;
  roomId: string;
  http: HttpConfig;
  timeoutMs: number;
  sendResolved: boolean;
}

/** Defaults of the `global` section for every Webex receiver. */
export interface WebexDefaults {
  url: string;
}

export function readWebexDefaults(global: Section): WebexDefaults {
  return { url: global.url('webex_api_url') ?? 'https://webexapis.com/v1/messages' };
}

/**
 * Reads one entry of `webex_configs`.
 * @see https://prometheus.io/docs/alerting/latest/configuration/ `<webex_config>`
 */
export function readWebex(section: Section, http: HttpConfig, defaults: WebexDefaults): WebexConfig | undefined {
  const roomId = section.text('room_id');
  const config = {
    url: section.url('api_url') ?? defaults.url,
    http,
    timeoutMs: section.timeoutMs('timeout'),
    sendResolved: section.flag('send_resolved') ?? true,
  };
  section.finish(['message'], rendered);
  if (!http.auth) section.problem('http_config', 'needs an authorization: the token of a bot');
  if (roomId === undefined) section.problem('room_id', 'is required');
  return http.auth && roomId !== undefined ? { roomId, ...config } : undefined;
}
