import { receiver } from '../receiver.js';
import { readRocketChat, readRocketChatDefaults } from './config.js';

/** A channel of Rocket.Chat. */
export const rocketchat = receiver({
  kind: 'rocketchat',
  defaults: readRocketChatDefaults,
  read: readRocketChat,
  sender: async () => (await import('./send.js')).rocketchatSender,
});
