import { postJson } from '../http-channel.js';
import type { ChannelSender } from '../sender.js';
import type { TeamsConfig } from './config.js';
import { cardMessage } from './render.js';

/**
 * Microsoft Teams, through a flow of Power Automate that posts an Adaptive Card. A 202 confirms
 * only that the flow began.
 */
export const msteamsv2Sender: ChannelSender<TeamsConfig> = {
  async send({ url, http, timeoutMs }, delivery, context) {
    const body = cardMessage(delivery.message);
    return postJson({ name: 'Teams', url: url.reveal(), body, http, timeoutMs }, delivery, context);
  },
};
