import { postJson } from '../http-channel.js';
import type { ChannelSender } from '../sender.js';
import type { WebexConfig } from './config.js';
import { webexText } from './render.js';

/** A bot in a room of Webex. It writes plain text, in which nothing that others wrote formats, links or calls anybody. */
export const webexSender: ChannelSender<WebexConfig> = {
  async send({ url, roomId, http, timeoutMs }, delivery, context) {
    const body = { roomId, text: webexText(delivery.message) };
    return postJson({ name: 'Webex', url, body, http, timeoutMs }, delivery, context);
  },
};
