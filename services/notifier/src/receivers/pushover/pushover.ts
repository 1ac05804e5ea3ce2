import { cut, type Severity } from '@tidewaiter/domain';
import { type Message, plainText } from '@tidewaiter/messages';

import { postJson } from '../http-channel.js';
import { receiver, type Configs } from '../receiver.js';

/** @see https://pushover.net/api#limits */
export const pushoverLimits = { titleChars: 250, messageChars: 1024, urlChars: 512, urlTitleChars: 100 } as const;

/** The emergency of Pushover rings until somebody acknowledges it. */
const emergency = 2;

const priorities: Record<Severity, number> = {
  critical: emergency,
  high: 1,
  medium: 0,
  low: -1,
  negligible: -1,
  unknown: 0,
};

/** Pushover. It has no place for an id of ours: what breaks after it was taken is told twice. */
export const pushover = receiver({
  kind: 'pushover',
  async send(config, { message, ...delivery }, context) {
    const { url, http, timeoutMs } = config;
    const body = pushoverMessage(config, message);
    return postJson({ name: 'Pushover', url, body, http, timeoutMs }, { ...delivery, message }, context);
  },
});

export function pushoverMessage(config: Configs['pushover'], message: Message): object {
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
