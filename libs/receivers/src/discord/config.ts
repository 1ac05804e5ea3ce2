import type { Secret } from '@tidewaiter/domain';
import { rendered, type Section } from '@tidewaiter/routing';

import { type HttpConfig, readRequestSettings } from '../http-config.js';

/** One entry of `discord_configs`. */
export interface DiscordConfig {
  url: Secret;
  username: string | undefined;
  avatarUrl: string | undefined;
  http: HttpConfig;
  timeoutMs: number;
  sendResolved: boolean;
}

/**
 * Reads one entry of `discord_configs`.
 * @see https://prometheus.io/docs/alerting/latest/configuration/ `<discord_config>`
 */
export function readDiscord(section: Section, http: HttpConfig): DiscordConfig | undefined {
  const url = section.secretUrl('webhook_url');
  const config = {
    ...readRequestSettings(section, http),
    username: section.wording('username'),
    avatarUrl: section.url('avatar_url'),
  };
  section.finish(['title', 'message', 'content'], rendered);
  if (!url) section.problem('webhook_url', 'or webhook_url_file is required');
  return url && { url, ...config };
}
