import { receiver } from '../receiver.js';
import { readTeams } from './config.js';

/** Microsoft Teams, through a flow of Power Automate. */
export const msteamsv2 = receiver({
  kind: 'msteamsv2',
  read: readTeams,
  sender: async () => (await import('./send.js')).msteamsv2Sender,
});
