import type { Secret } from '@tidewaiter/domain';
import { rendered, type Section } from '@tidewaiter/routing';

import type { HttpConfig } from '../http-config.js';

/** Access to Slack: an incoming webhook, or a bot, which alone can edit its messages. */
export type SlackTarget =
  | { mode: 'webhook'; url: Secret; channel: string | undefined }
  | { mode: 'bot'; url: string; token: Secret; channel: string };

/** One entry of `slack_configs`. */
export interface SlackConfig {
  target: SlackTarget;
  username: string | undefined;
  iconEmoji: string | undefined;
  iconUrl: string | undefined;
  http: HttpConfig;
  /** Timeout of one request; 0 when the file gives none. */
  timeoutMs: number;
  sendResolved: boolean;
}

/** Defaults of the `global` section for every Slack receiver. */
export interface SlackDefaults {
  apiUrl: Secret | undefined;
  appToken: Secret | undefined;
  appUrl: string;
}

const messageKeys = [
  'title',
  'title_link',
  'pretext',
  'text',
  'message_text',
  'color',
  'fields',
  'short_fields',
  'footer',
  'fallback',
  'callback_id',
  'image_url',
  'thumb_url',
  'link_names',
  'mrkdwn_in',
  'actions',
  'update_message',
  'post_updates_to_thread',
  'blocks',
];

/** Reads `global.slack_*`. */
export function readSlackDefaults(global: Section): SlackDefaults {
  return {
    apiUrl: global.secretUrl('slack_api_url'),
    appToken: global.headerSecret('slack_app_token'),
    appUrl: global.url('slack_app_url') ?? 'https://slack.com/api/chat.postMessage',
  };
}

/**
 * Reads one entry of `slack_configs`; undefined when a problem was noted.
 * @see https://prometheus.io/docs/alerting/latest/configuration/ `<slack_config>`
 */
export function readSlack(section: Section, http: HttpConfig, defaults: SlackDefaults): SlackConfig | undefined {
  const target = readTarget(section, http, defaults);
  const config = {
    http: { ...http, auth: undefined },
    username: section.wording('username'),
    iconEmoji: section.wording('icon_emoji'),
    iconUrl: section.url('icon_url'),
    timeoutMs: section.timeoutMs('timeout'),
    sendResolved: section.flag('send_resolved') ?? false,
  };
  section.finish(messageKeys, rendered);
  return target && { target, ...config };
}

/** Chooses the target in Alertmanager's order: own token, own URL, global token, global URL. */
function readTarget(section: Section, http: HttpConfig, defaults: SlackDefaults): SlackTarget | undefined {
  const channel = section.text('channel');
  const ownUrl = section.secretUrl('api_url');
  const ownToken = section.headerSecret('app_token');
  const appUrl = section.url('app_url') ?? defaults.appUrl;
  const authorized = bearerOf(section, http);
  if (ownToken && (ownUrl || authorized))
    section.problem('app_token', 'and api_url or http_config.authorization are both given; keep one');

  const token = ownToken ?? (ownUrl || authorized ? undefined : defaults.appToken);
  if (token) return bot(section, appUrl, token, channel);
  const url = ownUrl ?? defaults.apiUrl;
  if (!url) section.problem('api_url', 'is required, or app_token, or one of them in global');
  if (!url) return undefined;
  // Bot configuration from before Alertmanager had app tokens: the URL of the method with the token
  // as credentials.
  if (!new URL(url.reveal()).pathname.endsWith('/chat.postMessage')) {
    if (authorized)
      section.problem('http_config', 'authorization works with an api_url that ends in /chat.postMessage only');
    return { mode: 'webhook', url, channel };
  }
  if (authorized) return bot(section, url.reveal(), authorized, channel);
  section.problem('app_token', 'is required with an api_url that ends in /chat.postMessage');
  return undefined;
}

function bot(section: Section, url: string, token: Secret, channel: string | undefined): SlackTarget | undefined {
  if (channel !== undefined) return { mode: 'bot', url, token, channel };
  section.problem('channel', 'is required for a bot');
  return undefined;
}

function bearerOf(section: Section, { auth }: HttpConfig): Secret | undefined {
  if (!auth) return undefined;
  if (auth.type === 'authorization' && auth.scheme.toLowerCase() === 'bearer') return auth.credentials;
  section.problem('http_config', 'Slack takes Bearer tokens only');
  return undefined;
}
