import { cut, type Severity } from '@tidewaiter/domain';
import { maxTitleChars, type Message, plainText } from '@tidewaiter/messages';

import { postJson } from '../http-channel.js';
import { inertMarkdown } from '../markdown.js';
import { receiver, type Configs } from '../receiver.js';

/** Limit on the characters of a post. @see https://developers.mattermost.com/integrate/webhooks/incoming/ */
export const maxMattermostChars = 16_383;

const colors: Record<Severity, string> = {
  critical: '#992d22',
  high: '#e67e22',
  medium: '#f1c40f',
  low: '#3498db',
  negligible: '#95a5a6',
  unknown: '#607d8b',
};

/** Posts to an incoming webhook of Mattermost. It cannot detect duplicates, and cannot be queried. */
export const mattermost = receiver({
  kind: 'mattermost',
  async send(config, delivery, context) {
    const { http, timeoutMs } = config;
    const body = mattermostMessage(config, delivery.message);
    return postJson({ name: 'Mattermost', url: config.url.reveal(), body, http, timeoutMs }, delivery, context);
  },
});

export function mattermostMessage(
  {
    channel,
    username,
    iconUrl,
    iconEmoji,
  }: Pick<Configs['mattermost'], 'channel' | 'username' | 'iconUrl' | 'iconEmoji'>,
  message: Message,
): object {
  const title = inertMarkdown(cut(message.title, maxTitleChars));
  return {
    channel,
    username: username ?? 'Tidewaiter',
    icon_url: iconUrl,
    icon_emoji: iconEmoji,
    attachments: [
      {
        fallback: title,
        title,
        title_link: message.links[0]?.url,
        // Less than half of the limit, since each character may need a backslash.
        text: inertMarkdown(plainText({ ...message, links: [] }, 7_500)),
        color: message.status === 'resolved' ? '#2ecc71' : colors[message.severity],
        footer: cut(message.footer, 200),
      },
    ],
  };
}
