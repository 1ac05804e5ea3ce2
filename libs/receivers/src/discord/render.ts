import { cut, type Severity } from '@tidewaiter/domain';
import type { Message } from '@tidewaiter/messages';

import { plainText } from '../plain-text.js';
import type { DiscordConfig } from './config.js';

/** @see https://discord.com/developers/docs/resources/message#embed-object-embed-limits */
export const discordLimits = {
  titleChars: 256,
  descriptionChars: 4096,
  fields: 25,
  fieldNameChars: 256,
  fieldValueChars: 1024,
  allChars: 6000,
} as const;

const colors: Record<Severity, number> = {
  critical: 0x99_2d_22,
  high: 0xe6_7e_22,
  medium: 0xf1_c4_0f,
  low: 0x34_98_db,
  negligible: 0x95_a5_a6,
  unknown: 0x60_7d_8b,
};

const resolvedColor = 0x2e_cc_71;

export function discordMessage(
  { username, avatarUrl }: Pick<DiscordConfig, 'username' | 'avatarUrl'>,
  message: Message,
): object {
  const title = inert(message.title, discordLimits.titleChars);
  const fields = message.facts.slice(0, 8).map(({ label, value }) => ({
    name: inert(label, discordLimits.fieldNameChars),
    value: inert(value, 200),
    inline: value.length < 40,
  }));
  const taken = title.length + fields.reduce((sum, { name, value }) => sum + name.length + value.length, 0);
  const room = Math.min(discordLimits.descriptionChars, discordLimits.allChars - taken - message.footer.length - 100);
  // Half of it, since each character may need a backslash.
  const text = plainText({ ...message, facts: [], links: [] }, Math.floor(room / 2));
  return {
    username: username ?? 'Tidewaiter',
    avatar_url: avatarUrl,
    content: '',
    allowed_mentions: { parse: [] },
    embeds: [
      {
        title,
        url: message.links[0]?.url,
        description: inert(text, room),
        color: message.status === 'resolved' ? resolvedColor : colors[message.severity],
        fields,
        footer: { text: cut(message.footer, 200) },
      },
    ],
  };
}

/** Discord's text is Markdown: what could format, mention or link is escaped. */
function inert(text: string, maxChars: number): string {
  return cut(text.replaceAll(/[\\`*_~|<>[\]()#@:]/g, '\\$&'), maxChars);
}
