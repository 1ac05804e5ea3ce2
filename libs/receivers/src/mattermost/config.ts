import type { Secret } from '@tidewaiter/domain';
import { rendered, type Section } from '@tidewaiter/routing';

import { type HttpConfig, refuseAuth } from '../http-config.js';

/** One entry of `mattermost_configs`: an incoming webhook, whose URL is its secret. */
export interface MattermostConfig {
  url: Secret;
  /** Overrides the channel of the webhook. */
  channel: string | undefined;
  username: string | undefined;
  iconUrl: string | undefined;
  iconEmoji: string | undefined;
  http: HttpConfig;
  timeoutMs: number;
  sendResolved: boolean;
}

/** Defaults of the `global` section for every Mattermost receiver. */
export interface MattermostDefaults {
  url: Secret | undefined;
}

export function readMattermostDefaults(global: Section): MattermostDefaults {
  return { url: global.secretUrl('mattermost_webhook_url') };
}

const messageKeys = [
  'text',
  'fallback',
  'color',
  'pretext',
  'author_name',
  'author_link',
  'author_icon',
  'title',
  'title_link',
  'fields',
  'thumb_url',
  'footer',
  'footer_icon',
  'image_url',
  'attachments',
  'type',
  'props',
  'priority',
];

/**
 * Reads one entry of `mattermost_configs`.
 * @see https://prometheus.io/docs/alerting/latest/configuration/ `<mattermost_config>`
 */
export function readMattermost(
  section: Section,
  http: HttpConfig,
  defaults: MattermostDefaults,
): MattermostConfig | undefined {
  const url = section.secretUrl('webhook_url') ?? defaults.url;
  const config = {
    channel: section.text('channel'),
    username: section.wording('username'),
    iconUrl: section.url('icon_url'),
    iconEmoji: section.wording('icon_emoji'),
    http,
    timeoutMs: section.timeoutMs('timeout'),
    sendResolved: section.flag('send_resolved') ?? true,
  };
  refuseAuth(section, http, 'the address authenticates it');
  section.finish(messageKeys, rendered);
  if (!url) section.problem('webhook_url', 'or webhook_url_file is required, or global.mattermost_webhook_url');
  return url && { url, ...config };
}
