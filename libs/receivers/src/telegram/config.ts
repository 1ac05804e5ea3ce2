import type { Secret } from '@tidewaiter/domain';
import { rendered, type Section } from '@tidewaiter/routing';

import { type HttpConfig, readRequestSettings } from '../http-config.js';

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

export function readTelegramDefaults(global: Section): TelegramDefaults {
  return {
    token: global.secret('telegram_bot_token'),
    apiUrl: global.url('telegram_api_url') ?? 'https://api.telegram.org',
  };
}

/**
 * Reads one entry of `telegram_configs`.
 * @see https://prometheus.io/docs/alerting/latest/configuration/ `<telegram_config>`
 */
export function readTelegram(
  section: Section,
  http: HttpConfig,
  defaults: TelegramDefaults,
): TelegramConfig | undefined {
  const token = section.secret('bot_token') ?? defaults.token;
  const chatId = section.secret('chat_id')?.reveal();
  const config = {
    ...readRequestSettings(section, http),
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
