import { receiver } from '../receiver.js';
import { readDiscord } from './config.js';

/** A webhook of a Discord channel. */
export const discord = receiver({
  kind: 'discord',
  read: readDiscord,
  sender: async () => (await import('./send.js')).discordSender,
});
