import { cut } from '@tidewaiter/domain';
import { headWord, maxTitleChars, type Message } from '@tidewaiter/messages';

import { plainText } from '../plain-text.js';
import type { TelegramConfig } from './config.js';

/**
 * Characters of a message, after its entities are read.
 * @see https://core.telegram.org/bots/api#sendmessage
 */
export const maxMessageChars = 4096;

export function telegramMessage(
  config: Pick<TelegramConfig, 'chatId' | 'threadId' | 'isSilent'>,
  message: Message,
): object {
  return {
    chat_id: config.chatId,
    message_thread_id: config.threadId,
    disable_notification: config.isSilent,
    parse_mode: 'HTML',
    link_preview_options: { is_disabled: true },
    text: `<b>${escaped(headWord(message))}</b> · <b>${escaped(cut(message.title, maxTitleChars))}</b>\n${escaped(plainText(message, maxMessageChars - 400))}`,
  };
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escaped(text: string): string {
  return text.replaceAll(/[&<>"]/g, (character) => entities[character] ?? character);
}
