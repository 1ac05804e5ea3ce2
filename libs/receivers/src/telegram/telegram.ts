import { receiver } from '../receiver.js';
import { readTelegram, readTelegramDefaults } from './config.js';

/** A chat, through a bot of Telegram. */
export const telegram = receiver({
  kind: 'telegram',
  defaults: readTelegramDefaults,
  read: readTelegram,
  sender: async () => (await import('./send.js')).telegramSender,
});
