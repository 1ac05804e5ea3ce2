import { postJson } from '../http-channel.js';
import type { ChannelSender } from '../sender.js';
import type { PushoverConfig } from './config.js';
import { pushoverMessage } from './render.js';

/** Pushover. It has no place for an id of ours: what breaks after it was taken is told twice. */
export const pushoverSender: ChannelSender<PushoverConfig> = {
  async send(config, { message, ...delivery }, context) {
    const { url, http, timeoutMs } = config;
    const body = pushoverMessage(config, message);
    return postJson({ name: 'Pushover', url, body, http, timeoutMs }, { ...delivery, message }, context);
  },
};
