import type { Secret } from '@tidewaiter/domain';

import { rendered } from '../section.js';
import type { Section } from '../section.js';
import { refuseAuth } from './http-config.js';
import type { HttpConfig } from './http-config.js';

/** One entry of `msteamsv2_configs`: a Power Automate flow, whose URL is its secret. */
export interface TeamsConfig {
  url: Secret;
  http: HttpConfig;
  timeoutMs: number;
  sendResolved: boolean;
}

/** One entry of `discord_configs`. */
export interface DiscordConfig {
  url: Secret;
  username: string | undefined;
  avatarUrl: string | undefined;
  http: HttpConfig;
  timeoutMs: number;
  sendResolved: boolean;
}

/** One entry of `telegram_configs`. */
export interface TelegramConfig {
  token: Secret;
  apiUrl: string;
  chatId: string;
  threadId: number | undefined;
  isSilent: boolean;
  http: HttpConfig;
  timeoutMs: number;
  sendResolved: boolean;
}

/** Defaults of the `global` section for every Telegram receiver. */
export interface TelegramDefaults {
  token: Secret | undefined;
  apiUrl: string;
}

/** Reads one entry of `msteamsv2_configs`. @see https://prometheus.io/docs/alerting/latest/configuration/ `<msteamsv2_config>` */
export function readTeams(section: Section, http: HttpConfig): TeamsConfig | undefined {
  const url = section.secretUrl('webhook_url');
  const config = readRequests(section, http);
  section.finish(['title', 'text'], rendered);
  if (!url) section.problem('webhook_url', 'or webhook_url_file is required');
  return url && { url, ...config };
}

/** Reads one entry of `discord_configs`. @see https://prometheus.io/docs/alerting/latest/configuration/ `<discord_config>` */
export function readDiscord(section: Section, http: HttpConfig): DiscordConfig | undefined {
  const url = section.secretUrl('webhook_url');
  const config = {
    ...readRequests(section, http),
    username: section.wording('username'),
    avatarUrl: section.url('avatar_url'),
  };
  section.finish(['title', 'message', 'content'], rendered);
  if (!url) section.problem('webhook_url', 'or webhook_url_file is required');
  return url && { url, ...config };
}

export function readTelegramDefaults(global: Section): TelegramDefaults {
  return {
    token: global.secret('telegram_bot_token'),
    apiUrl: global.url('telegram_api_url') ?? 'https://api.telegram.org',
  };
}

/** Reads one entry of `telegram_configs`. @see https://prometheus.io/docs/alerting/latest/configuration/ `<telegram_config>` */
export function readTelegram(
  section: Section,
  http: HttpConfig,
  defaults: TelegramDefaults,
): TelegramConfig | undefined {
  const token = section.secret('bot_token') ?? defaults.token;
  const chatId = section.secret('chat_id')?.reveal();
  const config = {
    ...readRequests(section, http),
    apiUrl: (section.url('api_url') ?? defaults.apiUrl).replace(/\/$/, ''),
    threadId: section.count('message_thread_id'),
    isSilent: section.flag('disable_notifications') ?? false,
  };
  section.finish(['message', 'parse_mode'], rendered);
  if (!token) section.problem('bot_token', 'or bot_token_file is required, or global.telegram_bot_token');
  else if (!/^\d{1,20}:[A-Za-z0-9_-]{1,100}$/.test(token.reveal()))
    section.problem('bot_token', 'is no token of a bot');
  if (chatId === undefined || !/^(-?\d{1,20}|@\w{1,64})$/.test(chatId)) {
    section.problem('chat_id', 'expected a number, or @ and the name of a channel');
    return undefined;
  }
  return token && { token, chatId, ...config };
}

function readRequests(
  section: Section,
  http: HttpConfig,
): { http: HttpConfig; timeoutMs: number; sendResolved: boolean } {
  refuseAuth(section, http, 'the address says who we are');
  return { http, timeoutMs: section.timeoutMs('timeout'), sendResolved: section.flag('send_resolved') ?? true };
}
