import { cut, type Severity } from '@tidewaiter/domain';
import type { Message } from '@tidewaiter/messages';

import { plainText } from '../plain-text.js';
import type { PushoverConfig } from './config.js';

/** @see https://pushover.net/api#limits */
export const pushoverLimits = { titleChars: 250, messageChars: 1024, urlChars: 512, urlTitleChars: 100 } as const;

/** Pushover repeats an emergency until a user acknowledges it. */
const emergency = 2;

const priorities: Record<Severity, number> = {
  critical: emergency,
  high: 1,
  medium: 0,
  low: -1,
  negligible: -1,
  unknown: 0,
};

export function pushoverMessage(config: PushoverConfig, message: Message): object {
  const { token, userKey, device, sound, retrySeconds, expireSeconds, ttlSeconds, isMonospace } = config;
  const priority = message.status === 'resolved' ? 0 : (config.priority ?? priorities[message.severity]);
  const link = message.links.find(({ url }) => url.length <= pushoverLimits.urlChars);
  return {
    token: token.reveal(),
    user: userKey.reveal(),
    title: cut(message.title, pushoverLimits.titleChars),
    message: plainText({ ...message, links: [] }, pushoverLimits.messageChars),
    url: link?.url,
    url_title: link && cut(link.text, pushoverLimits.urlTitleChars),
    priority,
    ...(priority === emergency && { retry: retrySeconds, expire: expireSeconds }),
    ...(ttlSeconds > 0 && { ttl: ttlSeconds }),
    ...(isMonospace && { monospace: 1 }),
    device,
    sound,
  };
}
