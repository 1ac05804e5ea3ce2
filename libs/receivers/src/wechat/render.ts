import { cut } from '@tidewaiter/domain';
import { maxTitleChars, type Message } from '@tidewaiter/messages';

import { plainTextOfBytes } from '../plain-text.js';
import type { WeChatConfig } from './config.js';

/** Bytes of a text; what is longer is cut there without a word. */
export const maxWeChatBytes = 2048;

/** Seconds in which it takes the same message for a repetition. */
const repetitionSeconds = 1800;

export function weChatMessage(
  { agentId, toUser, toParty, toTag }: Pick<WeChatConfig, 'agentId' | 'toUser' | 'toParty' | 'toTag'>,
  message: Message,
): object {
  const title = `${cut(message.title, maxTitleChars)}\n\n`;
  return {
    touser: toUser,
    toparty: toParty,
    totag: toTag,
    agentid: /^\d{1,15}$/.test(agentId) ? Number(agentId) : agentId,
    msgtype: 'text',
    text: { content: title + plainTextOfBytes(message, maxWeChatBytes - Buffer.byteLength(title)) },
    enable_duplicate_check: 1,
    duplicate_check_interval: repetitionSeconds,
  };
}
