import { postJson } from '../http-channel.js';
import type { ChannelSender } from '../sender.js';
import type { MattermostConfig } from './config.js';
import { mattermostMessage } from './render.js';

/**
 * Posts to an incoming webhook of Mattermost. It cannot detect duplicates, and cannot be queried.
 */
export const mattermostSender: ChannelSender<MattermostConfig> = {
  async send(config, delivery, context) {
    const { http, timeoutMs } = config;
    const body = mattermostMessage(config, delivery.message);
    return postJson({ name: 'Mattermost', url: config.url.reveal(), body, http, timeoutMs }, delivery, context);
  },
};
