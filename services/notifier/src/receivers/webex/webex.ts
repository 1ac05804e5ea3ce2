import { cut } from '@tidewaiter/domain';
import { maxTitleChars, type Message, plainTextOfBytes } from '@tidewaiter/messages';

import { postJson } from '../http-channel.js';
import { receiver } from '../receiver.js';

/** Bytes of a text that it takes. @see https://developer.webex.com/docs/api/v1/messages/create-a-message */
export const maxWebexBytes = 7439;

/** A bot in a room of Webex. It writes plain text, in which nothing that others wrote formats, links or calls anybody. */
export const webex = receiver({
  kind: 'webex',
  async send({ url, roomId, http, timeoutMs }, delivery, context) {
    const body = { roomId, text: webexText(delivery.message) };
    return postJson({ name: 'Webex', url, body, http, timeoutMs }, delivery, context);
  },
});

export function webexText(message: Message): string {
  const title = cut(message.title, maxTitleChars);
  return `${title}\n\n${plainTextOfBytes(message, maxWebexBytes - Buffer.byteLength(`${title}\n\n`))}`;
}
