import { cut } from '@tidewaiter/domain';
import { maxTitleChars, type Message } from '@tidewaiter/messages';

import { plainTextOfBytes } from '../plain-text.js';

/**
 * Bytes of a text that it takes.
 * @see https://developer.webex.com/docs/api/v1/messages/create-a-message
 */
export const maxWebexBytes = 7439;

export function webexText(message: Message): string {
  const title = cut(message.title, maxTitleChars);
  return `${title}\n\n${plainTextOfBytes(message, maxWebexBytes - Buffer.byteLength(`${title}\n\n`))}`;
}
