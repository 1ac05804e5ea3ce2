import { postJson } from '../http-channel.js';
import type { ChannelSender } from '../sender.js';
import type { WebexConfig } from './config.js';
import { webexText } from './render.js';

/**
 * Posts to a room of Webex as a bot: plain text, in which untrusted text cannot format, link or
 * mention.
 */
export const webexSender: ChannelSender<WebexConfig> = {
  async send({ url, roomId, http, timeoutMs }, delivery, context) {
    const body = { roomId, text: webexText(delivery.message) };
    return postJson({ name: 'Webex', url, body, http, timeoutMs }, delivery, context);
  },
};
