import type { Secret } from '@tidewaiter/domain';
import { rendered, type Section } from '@tidewaiter/routing';

import { type HttpConfig, refuseAuth } from '../http-config.js';

/** One entry of `rocketchat_configs`. */
export interface RocketChatConfig {
  /** URL of the server without a trailing slash. */
  apiUrl: string;
  token: Secret;
  /** Id of the user to whom the token belongs. */
  tokenId: Secret;
  /** `#general`, `@somebody`, or the id of a room. */
  channel: string;
  emoji: string | undefined;
  iconUrl: string | undefined;
  http: HttpConfig;
  timeoutMs: number;
  sendResolved: boolean;
}

/** Defaults of the `global` section for every Rocket.Chat receiver. */
export interface RocketChatDefaults {
  apiUrl: string;
  token: Secret | undefined;
  tokenId: Secret | undefined;
}

export function readRocketChatDefaults(global: Section): RocketChatDefaults {
  return {
    apiUrl: global.url('rocketchat_api_url') ?? 'https://open.rocket.chat',
    token: global.headerSecret('rocketchat_token'),
    tokenId: global.headerSecret('rocketchat_token_id'),
  };
}

const messageKeys = [
  'title',
  'title_link',
  'text',
  'color',
  'fields',
  'short_fields',
  'image_url',
  'thumb_url',
  'link_names',
  'actions',
];

/**
 * Reads one entry of `rocketchat_configs`.
 * @see https://prometheus.io/docs/alerting/latest/configuration/ `<rocketchat_config>`
 */
export function readRocketChat(
  section: Section,
  http: HttpConfig,
  defaults: RocketChatDefaults,
): RocketChatConfig | undefined {
  const token = section.headerSecret('token') ?? defaults.token;
  const tokenId = section.headerSecret('token_id') ?? defaults.tokenId;
  const channel = section.text('channel');
  const config = {
    apiUrl: (section.url('api_url') ?? defaults.apiUrl).replace(/\/$/, ''),
    emoji: section.wording('emoji'),
    iconUrl: section.url('icon_url'),
    http,
    timeoutMs: section.timeoutMs('timeout'),
    sendResolved: section.flag('send_resolved') ?? false,
  };
  refuseAuth(section, http, 'the token authenticates it');
  section.finish(messageKeys, rendered);
  if (!token) section.problem('token', 'or token_file is required, or global.rocketchat_token');
  if (!tokenId) section.problem('token_id', 'or token_id_file is required, or global.rocketchat_token_id');
  if (channel === undefined) section.problem('channel', 'is required');
  return token && tokenId && channel !== undefined ? { token, tokenId, channel, ...config } : undefined;
}
