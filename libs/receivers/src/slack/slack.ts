import { receiver } from '../receiver.js';
import { readSlack, readSlackDefaults } from './config.js';

/** Slack, through an incoming webhook or as a bot. */
export const slack = receiver({
  kind: 'slack',
  defaults: readSlackDefaults,
  read: readSlack,
  // Only a bot can edit its messages.
  follows: ({ target }) => target.mode === 'bot',
  sender: async () => (await import('./send.js')).slackSender,
});
