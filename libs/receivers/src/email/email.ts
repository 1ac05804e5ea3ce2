import { receiver } from '../receiver.js';
import { readEmail, readEmailDefaults } from './config.js';

/** E-mail through a mail host. */
export const email = receiver({
  kind: 'email',
  defaults: readEmailDefaults,
  read: (entry, _http, defaults) => readEmail(entry, defaults),
  isHttp: false,
  sender: async () => (await import('./send.js')).emailSender,
});
