import { receiver } from '../receiver.js';
import { readWebex, readWebexDefaults } from './config.js';

/** A room of Webex, through a bot. */
export const webex = receiver({
  kind: 'webex',
  defaults: readWebexDefaults,
  read: readWebex,
  sender: async () => (await import('./send.js')).webexSender,
});
