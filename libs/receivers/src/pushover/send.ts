import { postJson } from '../http-channel.js';
import type { ChannelSender } from '../sender.js';
import type { PushoverConfig } from './config.js';
import { pushoverMessage } from './render.js';

/** Pushover. It has no field for a delivery id: a failure after acceptance leads to a duplicate. */
export const pushoverSender: ChannelSender<PushoverConfig> = {
  async send(config, { message, ...delivery }, context) {
    const { url, http, timeoutMs } = config;
    const body = pushoverMessage(config, message);
    return postJson({ name: 'Pushover', url, body, http, timeoutMs }, { ...delivery, message }, context);
  },
};
