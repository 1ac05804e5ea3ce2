import { receiver } from '../receiver.js';
import { readMattermost, readMattermostDefaults } from './config.js';

/** An incoming webhook of Mattermost. */
export const mattermost = receiver({
  kind: 'mattermost',
  defaults: readMattermostDefaults,
  read: readMattermost,
  sender: async () => (await import('./send.js')).mattermostSender,
});
