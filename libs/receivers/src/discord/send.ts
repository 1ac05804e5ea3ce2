import { postJson } from '../http-channel.js';
import type { ChannelSender } from '../sender.js';
import type { DiscordConfig } from './config.js';
import { discordMessage } from './render.js';

/** A webhook of a Discord channel. Nobody is pinged by what others wrote. */
export const discordSender: ChannelSender<DiscordConfig> = {
  async send(config, { message, ...delivery }, context) {
    const url = config.url.reveal();
    const body = discordMessage(config, message);
    const { http, timeoutMs } = config;
    return postJson({ name: 'Discord', url, body, http, timeoutMs }, { ...delivery, message }, context);
  },
};
