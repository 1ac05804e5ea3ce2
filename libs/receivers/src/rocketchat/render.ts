import { cut } from '@tidewaiter/domain';
import { maxTitleChars, type Message } from '@tidewaiter/messages';

import { inertMarkdown } from '../markdown.js';
import { plainText } from '../plain-text.js';
import type { RocketChatConfig } from './config.js';

/** Characters of a text; a server allows 5,000 unless it is configured otherwise. */
export const maxRocketChatChars = 4_500;

export function rocketChatMessage(
  { channel, emoji, iconUrl }: Pick<RocketChatConfig, 'channel' | 'emoji' | 'iconUrl'>,
  message: Message,
): object {
  return {
    channel,
    emoji,
    avatar: iconUrl,
    alias: 'Tidewaiter',
    parseUrls: false,
    attachments: [
      {
        title: cut(message.title, maxTitleChars),
        title_link: message.links[0]?.url,
        // Half of it, since each character may need a backslash.
        text: inertMarkdown(plainText({ ...message, links: [] }, maxRocketChatChars / 2)),
        color: message.status === 'resolved' ? '#2ecc71' : '#e74c3c',
      },
    ],
  };
}
