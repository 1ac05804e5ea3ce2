import { receiver } from '../receiver.js';
import { readPushover } from './config.js';

/** Pushover, to the devices of a user or group. */
export const pushover = receiver({
  kind: 'pushover',
  read: readPushover,
  sender: async () => (await import('./send.js')).pushoverSender,
});
