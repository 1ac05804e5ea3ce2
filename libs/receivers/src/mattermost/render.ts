import { cut, type Severity } from '@tidewaiter/domain';
import { maxTitleChars, type Message } from '@tidewaiter/messages';

import { inertMarkdown } from '../markdown.js';
import { plainText } from '../plain-text.js';
import type { MattermostConfig } from './config.js';

/**
 * Limit on the characters of a post.
 * @see https://developers.mattermost.com/integrate/webhooks/incoming/
 */
export const maxMattermostChars = 16_383;

const colors: Record<Severity, string> = {
  critical: '#992d22',
  high: '#e67e22',
  medium: '#f1c40f',
  low: '#3498db',
  negligible: '#95a5a6',
  unknown: '#607d8b',
};

export function mattermostMessage(
  { channel, username, iconUrl, iconEmoji }: Pick<MattermostConfig, 'channel' | 'username' | 'iconUrl' | 'iconEmoji'>,
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
